/** The takes in a row: hear each, take one up, delete one and take that back. */
import { useLayoutEffect, useRef } from "react";
import { isUsable } from "../audio/gate";
import { playbackOf } from "../take/playback";
import type { Take } from "../take/take";
import type { TrayTake } from "../take/tray";
import { Button, Message } from "../ui/controls";
import { minutes } from "../ui/format";
import { useReadable } from "../ui/hooks";
import { PauseIcon, PlayIcon, TrashIcon } from "../ui/icons";
import { usePanelParts } from "./panels/use-panel-parts";
import { MARKS } from "./TakePanel";

/** The worst of a take's verdicts: what its mark shows. */
function gradeOf({ verdicts }: Take): "good" | "fair" | "bad" {
  if (!isUsable(verdicts)) return "bad";
  return verdicts.every(({ grade }) => grade === "good") ? "good" : "fair";
}

/** In the order in which they were made. */
function inOrder(takes: readonly TrayTake[]): TrayTake[] {
  return [...takes].sort((a, b) => a.record.madeAt - b.record.madeAt);
}

function PlayButton({ take, name }: { readonly take: Take; readonly name: string }) {
  const { t } = usePanelParts();
  const playback = playbackOf(take);
  const { playing } = useReadable(playback);
  return (
    <Button
      aria-label={t(playing ? "tray.pause" : "tray.play", { name })}
      className="w-11 px-0!"
      onClick={() => (playing ? playback.pause() : playback.play(0))}
      variant="quiet"
    >
      {playing ? <PauseIcon /> : <PlayIcon />}
    </Button>
  );
}

function TakeCard({
  entry: { record, take },
  name,
  chosen,
}: {
  readonly entry: TrayTake;
  readonly name: string;
  readonly chosen: boolean;
}) {
  const { reference, t } = usePanelParts();
  const grade = gradeOf(take);
  const seconds = take.seconds ?? 0;
  return (
    <li
      className={`flex max-w-64 min-w-40 shrink-0 flex-col rounded-xl border ${
        chosen ? "border-accent bg-accent-soft font-medium forced-colors:border-3" : "border-edge"
      }`}
    >
      <button
        aria-pressed={chosen}
        className="flex min-h-11 items-center gap-2 rounded-t-xl px-3 pt-1 text-start"
        onClick={() => {
          if (!chosen) void reference.pick(record.id);
        }}
        type="button"
      >
        <span className={MARKS[grade].colour}>{MARKS[grade].icon}</span>
        <span className="min-w-0 grow truncate">{name}</span>{" "}
        <span className="text-sm text-soft tabular-nums" translate="no">
          {minutes(seconds)}
        </span>{" "}
        <span className="sr-only">{t(`tray.${grade}`)}</span>
      </button>
      <span className="flex justify-between">
        {take.pcm ? <PlayButton name={name} take={take} /> : <span />}
        <Button
          aria-label={t("tray.delete", { name })}
          className="w-11 px-0!"
          onClick={() => reference.remove(record.id)}
          variant="quiet"
        >
          <TrashIcon />
        </Button>
      </span>
    </li>
  );
}

export function TakeTray() {
  const { reference, state, t } = usePanelParts();
  const { removed } = state;
  const undo = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    // What was pressed is gone with its take: what takes it back has the focus.
    if (removed) undo.current?.focus();
  }, [removed]);
  const { current } = reference;
  const all = inOrder(current ? [...state.tray, current] : state.tray);
  const isCurrent = (entry: TrayTake) => entry === current;
  return (
    <div className="mt-5 space-y-3 border-t border-line pt-4">
      {all.length > 0 ? (
        <>
          <h3 className="text-sm text-soft">{t(current ? "tray.title" : "tray.others")}</h3>
          <ul className="relative -mx-1 flex gap-2 overflow-x-auto px-1 pb-2">
            {all.map((entry, index) => (
              <TakeCard
                chosen={isCurrent(entry)}
                entry={entry}
                key={entry.record.id}
                name={
                  entry.take.kind === "file"
                    ? entry.record.name
                    : t("tray.take", { number: index + 1 })
                }
              />
            ))}
          </ul>
        </>
      ) : null}
      {removed ? (
        <Message
          actions={
            <Button onClick={() => void reference.bringBack()} ref={undo} variant="link">
              {t("tray.undo")}
            </Button>
          }
          tone="plain"
        >
          {t("tray.deleted", { seconds: Math.floor(removed.take.seconds ?? 0) })}
        </Message>
      ) : null}
    </div>
  );
}
