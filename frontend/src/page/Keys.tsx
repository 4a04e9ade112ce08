/** The page's keys, where no field has the focus, and the list of them. */
import { useEffect, useId, useRef, useState } from "react";
import type { ReferenceAudio } from "../index";
import { Button, CrossIcon, useScope } from "../react";
import { remember, remembered } from "./remembered";
import { useWords } from "./use-words";

const OFF = "utter-keys-off";
/** Has uses of its own for Space. */
const PRESSABLE = "button, a, summary, audio, video, label, [role=slider], [role=tab]";
/** Has uses of its own for letters. */
const FIELD = "input, textarea, select, [contenteditable], dialog";

const LIST = [
  { keys: "Space", what: "keys.record" },
  { keys: "P", what: "keys.pause" },
  { keys: "L", what: "keys.words" },
  { keys: "?", what: "keys.list" },
] as const;

function click(selector: string): boolean {
  const button = document.querySelector<HTMLButtonElement>(selector);
  if (!button || button.disabled) return false;
  button.click();
  return true;
}

/** Does what a key stands for; false where it stands for nothing just now. */
function act(key: string, reference: ReferenceAudio): boolean {
  const { stage } = reference.getSnapshot().recorder;
  switch (key) {
    case " ":
      return click("[data-record]");
    case "p":
      if (stage === "recording") void reference.pause();
      else if (stage === "paused") void reference.resume();
      else return false;
      return true;
    case "l":
      return click("[data-swap]");
    default:
      return false;
  }
}

function List({
  isOn,
  onOn,
  onClose,
}: {
  readonly isOn: boolean;
  readonly onOn: (isOn: boolean) => void;
  readonly onClose: () => void;
}) {
  const t = useWords();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      aria-labelledby={id}
      className="m-auto w-[calc(100%-2rem)] max-w-sm rounded-2xl border border-line bg-card p-6 text-ink backdrop:bg-black/50"
      onClose={onClose}
      ref={dialog}
    >
      <div className="mb-2 flex items-center justify-between">
        <h2 className="text-lg font-medium" id={id}>
          {t("keys.title")}
        </h2>
        <Button aria-label={t("check.close")} className="-mr-3" onClick={onClose} variant="quiet">
          <CrossIcon />
        </Button>
      </div>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        {LIST.map(({ keys, what }) => (
          <div className="contents" key={keys}>
            <dt>
              <kbd className="inline-block min-w-8 rounded-md border border-edge bg-sunken px-2 py-0.5 text-center text-sm">
                {keys}
              </kbd>
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
      <label className="mt-3 flex min-h-11 items-center gap-2">
        <input
          checked={isOn}
          className="size-4 shrink-0 accent-accent"
          onChange={({ target }) => onOn(target.checked)}
          type="checkbox"
        />
        <span>{t("keys.use")}</span>
      </label>
    </dialog>
  );
}

export function Keys({ reference }: { readonly reference: ReferenceAudio }) {
  const t = useWords();
  const [listed, setListed] = useState(false);
  const [isOn, setOn] = useState(() => remembered(OFF) === null);
  const opener = useRef<Element>(null);
  const open = () => {
    opener.current = document.activeElement;
    setListed(true);
  };
  const close = () => {
    setListed(false);
    if (opener.current instanceof HTMLElement) opener.current.focus();
  };
  const turn = (on: boolean) => {
    setOn(on);
    remember(OFF, on ? null : "yes");
  };
  useScope(
    (scope) => {
      if (!isOn) return;
      scope.listen(document, "keydown", (event) => {
        if (!(event instanceof KeyboardEvent)) return;
        const { key, target, repeat, ctrlKey, altKey, metaKey, defaultPrevented } = event;
        if (repeat || ctrlKey || altKey || metaKey || defaultPrevented) return;
        const inside = (selector: string) =>
          target instanceof Element && target.closest(selector) !== null;
        if (inside(FIELD) || (key === " " && inside(PRESSABLE))) return;
        if (key === "?") open();
        else if (!act(key.toLowerCase(), reference)) return;
        event.preventDefault();
      });
    },
    [isOn, reference],
  );
  return (
    <>
      <div className="hidden text-center text-sm pointer-fine:block">
        <Button onClick={open} variant="link">
          {t("keys.title")}
        </Button>
      </div>
      {listed ? <List isOn={isOn} onClose={close} onOn={turn} /> : null}
    </>
  );
}
