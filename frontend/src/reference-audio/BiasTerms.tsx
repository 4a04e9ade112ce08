/** Words to expect: names and terms that a provider would not guess. */
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { LIMITS } from "../generated/constants";
import { cleanText } from "../lib/text";
import { Button, Fold, fieldClass } from "../ui/controls";
import { CrossIcon } from "../ui/icons";
import { abilities } from "./abilities";
import { usePanelParts } from "./panels/use-panel-parts";

/** Of the topic. */
const MAX_CHARACTERS = 1000;

/** The terms with what was typed: commas separate, nothing comes twice, and nothing is too much. */
export function addTerms(terms: readonly string[], typed: string): string[] {
  const added = typed
    .split(",")
    .map((term) => {
      const { text } = cleanText(term, "line");
      return [...text].slice(0, LIMITS.max_context_bias_characters).join("").trim();
    })
    .filter(Boolean);
  return [...new Set([...terms, ...added])].slice(0, LIMITS.max_context_bias_terms);
}

/** What a recording is about, in one's own words, for models that take descriptions. */
function Topic() {
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

export function BiasTerms() {
  const { reference, state, t } = usePanelParts();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const terms = state.contextBias;
  const { contextBias } = abilities(reference.services.config, state.models);
  const add = () => {
    reference.setContextBias(addTerms(terms, typed));
    setTyped("");
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // not the form around it
    add();
  };
  return (
    <Fold label={terms.length > 0 ? t("terms.count", { count: terms.length }) : t("terms.title")}>
      {contextBias === "phrases" ? <Topic /> : null}
      <div className="space-y-2 pb-1">
        <label className="block text-sm text-soft" htmlFor={id}>
          <span>{t("terms.help")}</span>
          <span>{contextBias === "words" ? ` ${t("terms.single")}` : ""}</span>
        </label>
        <div className="flex gap-2">
          <input
            className={fieldClass}
            id={id}
            maxLength={400}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={onKeyDown}
            ref={input}
            value={typed}
          />
          <Button className="shrink-0" disabled={typed.trim() === ""} onClick={add}>
            {t("terms.add")}
          </Button>
        </div>
        <ul className="flex flex-wrap gap-2">
          {terms.map((term) => (
            <li
              className="inline-flex max-w-full items-center rounded-3xl bg-sunken ps-3"
              key={term}
            >
              <span className="min-w-0 wrap-anywhere" translate="no">
                {term}
              </span>
              <button
                aria-label={t("terms.remove", { term })}
                className="grid size-11 place-items-center rounded-full text-soft hover:text-ink"
                onClick={() => {
                  reference.setContextBias(terms.filter((each) => each !== term));
                  input.current?.focus();
                }}
                type="button"
              >
                <CrossIcon />
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Fold>
  );
}
