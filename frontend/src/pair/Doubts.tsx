/** The words to check, one after the other: hear the second around each, and say which it is. */
import { type KeyboardEvent, useLayoutEffect, useRef } from "react";
import type { Witness } from "../generated/protocol";
import { isSpaceless } from "../match/words";
import { Button } from "../ui/controls";
import { PlayIcon } from "../ui/icons";
import type { Check, Place } from "./check";
import { usePairParts } from "./take-part";

/** Who read what, in the words of the catalogue. */
const SOURCES = {
  live: "check.heard.live",
  final_pass: "check.heard.again",
  script: "check.written",
} as const satisfies Record<Witness, string>;

interface Choice {
  readonly text: string;
  readonly sources: readonly (Witness | "text")[];
}

/** What the word may be: each text once, the text's own first. */
export function choicesOf({ doubt }: Place): Choice[] {
  const agreeing = doubt.readings.filter(({ agrees }) => agrees).map(({ witness }) => witness);
  const choices: Choice[] = [
    { text: doubt.text, sources: agreeing.length > 0 ? agreeing : ["text"] },
  ];
  for (const { text, witness, agrees } of doubt.readings) {
    if (agrees) continue;
    const n = choices.findIndex((choice) => choice.text === text);
    const known = choices[n];
    if (known) choices[n] = { text, sources: [...known.sources, witness] };
    else choices.push({ text, sources: [witness] });
  }
  return choices;
}

/** The text with a reading in the place of what stands there; spaces follow the words. */
export function withReading(
  text: string,
  { start, end }: Place,
  reading: string,
): { readonly text: string; readonly start: number; readonly end: number } {
  let before = text.slice(0, start);
  let after = text.slice(end);
  if (reading === "") {
    if (before === "") after = after.replace(/^\s/u, "");
    else if (!/^[\p{L}\p{N}]/u.test(after)) before = before.replace(/\s$/u, "");
  }
  const space = start === end && !isSpaceless(reading) ? " " : "";
  const front = space && before !== "" && !/\s$/u.test(before) ? space : "";
  const back = space && after !== "" && /^[\p{L}\p{N}]/u.test(after) ? space : "";
  const at = before.length + front.length;
  return {
    text: `${before}${front}${reading}${back}${after}`,
    start: at,
    end: at + reading.length,
  };
}

export interface DoubtsProps {
  readonly check: Check;
  readonly current: Place | undefined;
  /** Goes to the next place. */
  readonly onNext: () => void;
  readonly onClose: () => void;
  readonly onHear: (place: Place) => void;
  /** Puts the text at the place under the caret, for a key that was pressed. */
  readonly onType: (place: Place) => void;
  /** Something was chosen: on to the next. */
  readonly onChosen: (text: string, at: number) => void;
}

function Readings({
  current,
  onClose,
  onHear,
  onType,
  onChosen,
}: DoubtsProps & { current: Place }) {
  const { reference, state, t } = usePairParts();
  const toolbar = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each place has the focus once.
  useLayoutEffect(
    () => toolbar.current?.querySelector("button")?.focus(),
    [current.start, current.end],
  );
  const { text } = state.transcript;
  const before = text.slice(0, current.start).trim().split(/\s+/).at(-1) ?? "";
  const choose = (choice: Choice) => {
    if (choice.text === current.doubt.text) {
      reference.settle(current);
      onChosen(text, current.end);
      return;
    }
    const next = withReading(text, current, choice.text);
    reference.edit(next.text);
    reference.settle(next);
    onChosen(next.text, next.end);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Escape") onClose();
    const buttons = [...event.currentTarget.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && !event.altKey) {
      event.preventDefault();
      buttons[(at + step + buttons.length) % buttons.length]?.focus();
    }
    const isLetter = event.key.length === 1 && event.key !== " ";
    if (isLetter && !event.ctrlKey && !event.metaKey && !event.altKey) onType(current);
  };
  return (
    <div
      aria-label={t("check.place")}
      className="flex flex-wrap items-center gap-2"
      onKeyDown={onKeyDown}
      ref={toolbar}
      role="toolbar"
    >
      {current.doubt.kind === "missing" ? (
        <p style={{ flexBasis: "100%" }}>
          {before ? t("check.missing", { before }) : t("check.missing.first")}
        </p>
      ) : null}
      {choicesOf(current).map((choice) => {
        const sources = choice.sources
          .map((source) => (source === "text" ? t("check.yours") : t(SOURCES[source])))
          .join(", ");
        return (
          <Button key={choice.text} onClick={() => choose(choice)}>
            <span className="font-medium" dir="auto" translate="no">
              {choice.text || t("check.nothing")}
            </span>{" "}
            <span className="text-sm text-soft">{sources}</span>
          </Button>
        );
      })}
      <Button onClick={() => onHear(current)} variant="link">
        <PlayIcon />
        <span>{t("check.hear")}</span>
      </Button>
      <Button onClick={onClose} variant="link">
        {t("check.close")}
      </Button>
    </div>
  );
}

export function Doubts(props: DoubtsProps) {
  const { reference, state, t } = usePairParts();
  const { check, current, onNext } = props;
  const { transcript, transcription, take } = state;
  const count = check.open.length;
  const mayRead = check.script !== undefined && check.script !== transcript.text;
  const done = transcript.settled.length > 0 ? t("check.settled") : t("check.agree");
  const busy = transcription.status === "uploading" || transcription.status === "transcribing";
  const seconds = Math.ceil(take?.seconds ?? 0);
  // One witness agrees with itself: that says nothing.
  if (count === 0 && check.witnesses < 2 && !transcript.edited) return null;
  return (
    <div className="space-y-2 rounded-xl bg-sunken px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-4">
        <span>{count > 0 ? t("check.count", { count }) : done}</span>
        {count > 0 ? (
          <Button aria-keyshortcuts="F8 Alt+ArrowDown" onClick={onNext} variant="link">
            {t("check.next")}
          </Button>
        ) : null}
        {count > 0 && mayRead ? (
          <Button onClick={() => reference.readAsWritten()} variant="link">
            {t("check.script")}
          </Button>
        ) : null}
        {transcript.edited && reference.services.config.enabled && !busy ? (
          <span>
            <Button onClick={() => void reference.checkAgain()} variant="link">
              {t("check.again")}
            </Button>
            <span className="text-sm text-soft">{` ${t("check.again.cost", { seconds })}`}</span>
          </span>
        ) : null}
      </div>
      {current ? <Readings {...props} current={current} /> : null}
    </div>
  );
}
