/** Which model listens, where there is a choice. */
import { useId } from "react";
import { Fold } from "../ui/controls";
import { type Kind, offeredModels } from "./abilities";
import { useParts } from "./use-reference-audio";

const KINDS: readonly { readonly kind: Kind; readonly label: string }[] = [
  { kind: "realtime", label: "Model for live words" },
  { kind: "batch", label: "Model for the final text" },
];

function ModelSelect({ kind, label }: { readonly kind: Kind; readonly label: string }) {
  const { reference, state } = useParts();
  const { config } = reference.services;
  const id = useId();
  const own = kind === "realtime" ? config.realtime_model : config.model;
  return (
    <div className="space-y-1">
      <label className="block text-sm text-soft" htmlFor={id}>
        {label}
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
  const { reference } = useParts();
  const { config } = reference.services;
  const choices = KINDS.filter(({ kind }) => offeredModels(config, kind).length > 1);
  if (choices.length === 0) return null;
  return (
    <Fold label="Advanced">
      <div className="grid gap-3 pb-1 sm:grid-cols-2">
        {choices.map((choice) => (
          <ModelSelect key={choice.kind} {...choice} />
        ))}
      </div>
    </Fold>
  );
}
