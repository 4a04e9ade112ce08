/** What a recording is about, in one's own words, for models that take descriptions. */
import { useId } from "react";
import { fieldClass } from "../ui/controls";
import { usePanelWords } from "./panels/use-panel-words";
import { useParts } from "./use-reference-audio";

const MAX_CHARACTERS = 1000;

export function Topic() {
  const { reference, state } = useParts();
  const t = usePanelWords();
  const id = useId();
  return (
    <div className="space-y-2 pb-1">
      <label className="block text-sm text-soft" htmlFor={id}>
        {t("terms.topic")}
      </label>
      <textarea
        className={fieldClass}
        id={id}
        maxLength={MAX_CHARACTERS}
        onChange={(event) => reference.setTopic(event.target.value)}
        rows={2}
        value={state.topic}
      />
    </div>
  );
}
