/** The transcript that plays: the word that is heard is lit, and a word in doubt is marked. */
import { Fragment, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { JUMP_SECONDS, SPEEDS } from "../take/playback";
import type { Take } from "../take/take";
import { Button } from "../ui/controls";
import { useScope } from "../ui/hooks";
import { PauseIcon, PlayIcon } from "../ui/icons";
import { type Check, checkOf, type Place, type Spoken } from "./check";
import { Doubts } from "./Doubts";
import { playPart, type TakePart, usePairParts, useTakePart } from "./take-part";

/** Seconds that are heard around a word in doubt. */
const AROUND = 0.5;

export interface PlayableTranscriptProps {
  readonly take: Take;
  readonly area: HTMLTextAreaElement;
  /** Stands behind the text area, in its place. */
  readonly behind: HTMLElement;
}

/** The text as pieces: what is lit, what is in doubt, and what lies between. */
export function piecesOf(
  text: string,
  lit: Spoken | undefined,
  open: readonly Place[],
): {
  readonly text: string;
  readonly start: number;
  readonly lit: boolean;
  readonly place?: Place;
}[] {
  const edges = new Set([0, text.length]);
  for (const range of [...open, ...(lit ? [lit] : [])]) edges.add(range.start).add(range.end);
  const sorted = [...edges].sort((a, b) => a - b);
  const within = (at: number, range: { readonly start: number; readonly end: number }) =>
    at >= range.start && at < range.end;
  const pieces = [];
  for (const [n, start] of sorted.entries()) {
    const gap = open.find((place) => place.start === start && place.end === start);
    if (gap) pieces.push({ text: "", start, lit: false, place: gap });
    const end = sorted[n + 1];
    if (end === undefined) continue;
    const place = open.find((each) => within(start, each));
    const isLit = lit !== undefined && within(start, lit);
    pieces.push({ text: text.slice(start, end), start, lit: isLit, ...(place ? { place } : {}) });
  }
  return pieces;
}

const LIT = {
  background: "var(--u-accent-soft)",
  boxShadow: "0 0 0 2px var(--u-accent-soft), 0 4px 0 0 var(--u-accent)",
  borderRadius: 2,
} as const;
const DOUBTFUL = {
  textDecoration: "underline dotted 3px var(--u-fair)",
  textUnderlineOffset: 5,
} as const;
const CHOSEN = { background: "var(--u-fair-soft)", borderRadius: 3 } as const;

/** The same text in the same form behind the text area, which lets it through. */
function Mirror({
  text,
  lit,
  check,
  current,
  area,
}: {
  readonly text: string;
  readonly lit: Spoken | undefined;
  readonly check: Check;
  readonly current: Place | undefined;
  readonly area: HTMLTextAreaElement;
}) {
  useEffect(() => {
    const { background, position } = area.style;
    area.style.background = "transparent";
    area.style.position = "relative";
    return () => {
      area.style.background = background;
      area.style.position = position;
    };
  }, [area]);
  return (
    <div
      className="rounded-xl border border-edge bg-card px-3 py-2 text-lg/7"
      dir="auto"
      style={{
        position: "absolute",
        inset: 0,
        color: "transparent",
        whiteSpace: "pre-wrap",
        overflowWrap: "break-word",
        overflow: "hidden",
        pointerEvents: "none",
      }}
    >
      {piecesOf(text, lit, check.open).map((piece): ReactNode => {
        const style = {
          ...(piece.place ? DOUBTFUL : {}),
          ...(piece.place && piece.place.start === current?.start ? CHOSEN : {}),
          ...(piece.lit ? LIT : {}),
        };
        const key = `${piece.start}${piece.text === "" ? "gap" : ""}`;
        if (piece.text === "" && piece.place) {
          return (
            <span data-doubt={true} key={key} style={{ position: "relative" }}>
              <span
                style={{
                  position: "absolute",
                  insetInlineStart: 0,
                  bottom: -6,
                  width: 8,
                  borderBottom: "3px dotted var(--u-fair)",
                }}
              />
            </span>
          );
        }
        if (!(piece.place || piece.lit)) return <Fragment key={key}>{piece.text}</Fragment>;
        return (
          <span
            data-doubt={piece.place ? true : undefined}
            data-lit={piece.lit || undefined}
            key={key}
            style={style}
          >
            {piece.text}
          </span>
        );
      })}
    </div>
  );
}

function Bar({
  heard,
  clickPlays,
  onClickPlays,
}: {
  readonly heard: TakePart;
  readonly clickPlays: boolean;
  readonly onClickPlays: (on: boolean) => void;
}) {
  const { t } = usePairParts();
  const { playback, playing, at, rate, part } = heard;
  const jump = (seconds: number) => {
    const to = Math.min(part.to, Math.max(part.from, at + seconds));
    if (playing) playback.play(to, part);
    else playback.seek(to);
  };
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <Button
        aria-label={t(playing ? "play.pause" : "play.transcript")}
        className="size-11"
        onClick={() => playPart(heard)}
        variant="quiet"
      >
        {playing ? <PauseIcon /> : <PlayIcon />}
      </Button>
      <Button onClick={() => jump(-JUMP_SECONDS)} variant="quiet">
        {t("play.back", { seconds: JUMP_SECONDS })}
      </Button>
      <Button onClick={() => jump(JUMP_SECONDS)} variant="quiet">
        {t("play.forward", { seconds: JUMP_SECONDS })}
      </Button>
      <select
        aria-label={t("play.speed")}
        className="min-h-11 rounded-xl border border-edge bg-card px-3 py-2 text-ink"
        onChange={(event) => playback.setRate(Number(event.target.value))}
        value={rate}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>{`${speed}×`}</option>
        ))}
      </select>
      <label className="inline-flex min-h-11 items-center gap-2 text-sm text-soft">
        <input
          checked={clickPlays}
          className="size-4 accent-accent"
          onChange={(event) => onClickPlays(event.target.checked)}
          type="checkbox"
        />
        {t("play.click")}
      </label>
    </div>
  );
}

export function PlayableTranscript({ take, area, behind }: PlayableTranscriptProps) {
  const { reference, state, t } = usePairParts();
  const heard = useTakePart(state, take);
  const { playback, part, playing, at } = heard;
  const { text } = state.transcript;
  const check = checkOf(state);
  const [clickPlays, setClickPlays] = useState(true);
  const [place, setPlace] = useState<number>();
  const help = useId();
  const current = check.open.find(({ start }) => start === place);
  const second = at - part.from;
  const lit =
    playing || second > 0
      ? check.spoken.findLast(({ from, to }) => from <= second && second < to + AROUND)
      : undefined;
  useEffect(() => {
    // What only the person wrote is not settled by writing on.
    reference.doubts(check.open.filter(({ doubt }) => doubt.readings.some(({ agrees }) => agrees)));
    return () => reference.doubts([]);
  }, [reference, check]);

  const playFrom = (word: Spoken) => playback.play(part.from + word.from, part);
  const hear = ({ doubt, start, end }: Place) => {
    const word = check.spoken.find((each) => each.start <= end && start <= each.end);
    const from = doubt.start ?? word?.from;
    const to = doubt.end ?? word?.to;
    if (from === undefined || to === undefined) return;
    const stretch = {
      from: Math.max(part.from, part.from + from - AROUND),
      to: Math.min(part.to, part.from + to + AROUND),
    };
    playback.play(stretch.from, stretch);
  };
  const go = (open: readonly Place[], from: number, back = false) => {
    const next = back
      ? (open.findLast(({ start }) => start < from) ?? open.at(-1))
      : (open.find(({ start }) => start > from) ?? open[0]);
    setPlace(next?.start);
    if (!next) return;
    area.setSelectionRange(next.start, next.end);
    hear(next);
  };
  const close = () => {
    setPlace(undefined);
    area.focus();
  };
  const onChosen = (changed: string, end: number) => {
    const { open } = checkOf(reference.getSnapshot());
    if (open.length > 0) {
      go(open, end);
    } else {
      close();
      area.setSelectionRange(Math.min(end, changed.length), Math.min(end, changed.length));
    }
  };
  const latest = useRef({ check, go, playFrom, lit, clickPlays, current });
  latest.current = { check, go, playFrom, lit, clickPlays, current };
  useScope(
    (scope) => {
      const wordAt = (offset: number) =>
        latest.current.check.spoken.find(({ start, end }) => start <= offset && offset <= end);
      scope.listen(area, "click", () => {
        const { selectionStart, selectionEnd } = area;
        const word = wordAt(selectionStart);
        if (word && selectionStart === selectionEnd && latest.current.clickPlays) {
          latest.current.playFrom(word);
        }
      });
      // While typing, another word is not played.
      scope.listen(area, "input", () => playback.pause());
      const onKey = (event: Event) => {
        if (!(event instanceof KeyboardEvent)) return;
        const { key, altKey } = event;
        const { check: known, go: goOn, playFrom: playWord, lit: sounding } = latest.current;
        const caret = latest.current.current?.start ?? area.selectionStart;
        if (key === "Escape") playback.pause();
        if (key === "F8" || (altKey && key === "ArrowDown")) goOn(known.open, caret);
        else if (altKey && key === "ArrowUp") goOn(known.open, caret, true);
        else if (altKey && (key === "ArrowRight" || key === "ArrowLeft")) {
          const from = sounding ?? wordAt(area.selectionStart);
          const n = from ? known.spoken.indexOf(from) : -1;
          const word = known.spoken[Math.max(0, n + (key === "ArrowRight" ? 1 : n < 0 ? 0 : -1))];
          if (word) {
            area.setSelectionRange(word.start, word.start);
            playWord(word);
          }
        } else return;
        event.preventDefault();
      };
      scope.listen(area.closest("section") ?? area, "keydown", onKey);
    },
    [area, playback],
  );
  useEffect(() => {
    const before = area.getAttribute("aria-describedby") ?? "";
    area.setAttribute("aria-describedby", `${before} ${help}`);
    return () => area.setAttribute("aria-describedby", before);
  }, [area, help]);

  // What is about to be replaced is not worth a person's ear.
  if (text.trim() === "" || state.transcript.activity !== "none") return null;
  return (
    <div className="appear space-y-2">
      <Doubts
        check={check}
        current={current}
        onChosen={onChosen}
        onClose={close}
        onHear={hear}
        onNext={() => go(check.open, current?.start ?? -1)}
        onType={({ start, end }) => {
          area.focus();
          area.setSelectionRange(start, end);
        }}
      />
      <Bar clickPlays={clickPlays} heard={heard} onClickPlays={setClickPlays} />
      <p className="hidden text-sm text-soft sm:block" id={help}>
        {`${t("check.keys")} ${check.guessed ? t("play.guessed") : ""}`}
      </p>
      {createPortal(
        <Mirror area={area} check={check} current={current} lit={lit} text={text} />,
        behind,
      )}
    </div>
  );
}
