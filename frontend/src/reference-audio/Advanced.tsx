/** Which model listens, where there is a choice. */
import { useId } from "react";
import { Fold } from "../ui/controls";
import { type Kind, offeredModels } from "./abilities";
import { usePanelParts } from "./panels/use-panel-parts";

const KINDS: readonly Kind[] = ["realtime", "batch"];

function ModelSelect({ kind }: { readonly kind: Kind }) {
  const { reference, state, t } = usePanelParts();
  const { config } = reference.services;
  const id = useId();
  const own = kind === "realtime" ? config.realtime_model : config.model;
  return (
    <div className="space-y-1">
      <label className="block text-sm text-soft" htmlFor={id}>
        {t(`models.${kind}`)}
      </label>
      <select
        className="min-h-11 w-full rounded-xl border border-edge bg-card px-3 py-2"
        id={id}
        onChange={({ target: { value } }) =>
          reference.setModel(kind, value === own ? undefined : value)
        }
        value={state.models[kind] ?? own}
      >
        {offeredModels(config, kind).map((model) => (
          <option key={model.id} value={model.id}>
            {model.id}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Advanced() {
  const { reference, t } = usePanelParts();
  const { config } = reference.services;
  const choices = KINDS.filter((kind) => offeredModels(config, kind).length > 1);
  if (choices.length === 0) return null;
  return (
    <Fold label={t("models.title")}>
      <div className="grid gap-3 pb-1 sm:grid-cols-2">
        {choices.map((kind) => (
          <ModelSelect key={kind} kind={kind} />
        ))}
      </div>
    </Fold>
  );
}
