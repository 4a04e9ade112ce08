/** What the models at hand can do: of a deployment's settings, and of what the person chose. */
import type { LanguageOption, ModelOption, PublicConfig } from "../generated/protocol";

export type Kind = ModelOption["kind"];

/** Ids of the models that were chosen; the deployment's own where nothing was. */
export type ChosenModels = Readonly<Partial<Record<Kind, string>>>;

export interface Abilities {
  /** Those that every model at hand takes, of the models that take a language at all. */
  readonly languages: readonly LanguageOption[];
  /** Whether words to expect help, and whether each must be a single word. */
  readonly contextBias: "none" | "words" | "phrases";
}

/** The models of a kind that can be chosen, the deployment's own first. */
export function offeredModels(config: PublicConfig, kind: Kind): readonly ModelOption[] {
  if (kind === "realtime" && !config.realtime_enabled) return [];
  return (config.models ?? []).filter((model) => model.kind === kind);
}

/** The model of a kind that is at hand; undefined where the service tells nothing of it. */
export function modelAtHand(
  config: PublicConfig,
  kind: Kind,
  chosen: ChosenModels,
): ModelOption | undefined {
  const id = chosen[kind] ?? (kind === "realtime" ? config.realtime_model : config.model);
  return offeredModels(config, kind).find((model) => model.id === id);
}

export function abilities(config: PublicConfig, chosen: ChosenModels): Abilities {
  const models = (["realtime", "batch"] as const)
    .map((kind) => modelAtHand(config, kind, chosen))
    .filter((model) => model !== undefined);
  // A service of before tells of no model: then everything is tried, as it was.
  if (models.length === 0) return { languages: config.languages, contextBias: "phrases" };
  const [first, ...others] = models.map((model) => model.languages).filter((all) => all.length > 0);
  const languages = first?.filter(({ code }) =>
    others.every((all) => all.some((language) => language.code === code)),
  );
  const biased = models.filter((model) => model.context_bias);
  const words = biased.some((model) => model.single_word_bias);
  return {
    languages: languages ?? config.languages,
    contextBias: biased.length === 0 ? "none" : words ? "words" : "phrases",
  };
}
