import { expect, test } from "vitest";
import type { LanguageOption } from "../generated/protocol";
import { CONFIG, model } from "../testing/fake-services";
import { abilities, offeredModels } from "./abilities";

const language = (code: string): LanguageOption => ({ code, name: code.toUpperCase() });
const codes = (languages: readonly LanguageOption[]) => languages.map(({ code }) => code);
const [EN, DE, FI] = [language("en"), language("de"), language("fi")];

test("a service that tells of no model is offered everything, as before", () => {
  expect(abilities(CONFIG, {})).toEqual({ languages: CONFIG.languages, contextBias: "phrases" });
  expect(offeredModels(CONFIG, "batch")).toEqual([]);
});

test("a language is offered that every model at hand takes", () => {
  const models = [
    model("live", "realtime", { languages: [EN, DE] }),
    model("deaf", "realtime", { languages: [] }),
    model("file", "batch", { languages: [DE, FI] }),
  ];
  const config = {
    ...CONFIG,
    realtime_enabled: true,
    realtime_model: "live",
    model: "file",
    models,
  };
  expect(codes(abilities(config, {}).languages)).toEqual(["de"]);
  // One that cannot be told a language rules none out.
  expect(codes(abilities(config, { realtime: "deaf" }).languages)).toEqual(["de", "fi"]);
  // One that does not listen does not count.
  expect(codes(abilities({ ...config, realtime_enabled: false }, {}).languages)).toEqual([
    "de",
    "fi",
  ]);
});

test.each([
  [false, {}, "none"],
  [false, { context_bias: true }, "phrases"],
  [true, {}, "phrases"],
  [true, { context_bias: true, single_word_bias: true }, "words"],
] as const)("words to expect: live %s, file %o: %s", (live, file, contextBias) => {
  const models = [
    model("live", "realtime", { context_bias: live }),
    model("file", "batch", { context_bias: false, ...file }),
  ];
  const config = {
    ...CONFIG,
    realtime_enabled: true,
    realtime_model: "live",
    model: "file",
    models,
  };
  expect(abilities(config, {}).contextBias).toBe(contextBias);
});
