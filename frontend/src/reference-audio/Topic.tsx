/** What a recording is about, in one's own words, for models that take descriptions. */
import { useId } from "react";
import { fieldClass } from "../ui/controls";
import { usePanelParts } from "./panels/use-panel-parts";

const MAX_CHARACTERS = 1000;

export function Topic() {
  const { reference, state, t } = usePanelParts();
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
