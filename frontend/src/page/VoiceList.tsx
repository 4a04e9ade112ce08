/** The person's voices: hear them, delete them, take that back. */
import { useId, useRef } from "react";
import { day, type PublicConfig, spokenSeconds } from "../index";
import { Button, Card, Message, PauseIcon, PlayIcon, TrashIcon, useReadable } from "../react";
import type { Playback } from "./playback";
import type { Voices } from "./voices";

export function VoiceList({
  voices,
  playback,
  config,
  onSave,
}: {
  readonly voices: Voices;
  readonly playback: Playback;
  readonly config: PublicConfig;
  /** Lets a person without an account keep the voices. */
  readonly onSave: (() => void) | undefined;
}) {
  const id = useId();
  const { data, failed } = useReadable(voices.list);
  const leaving = useReadable(voices.leaving);
  const title = useRef<HTMLHeadingElement>(null);
  const languageName = (code: string) =>
    config.languages.find((language) => language.code === code)?.name;
  return (
    <Card labelledBy={`${id}-title`}>
      <h2 className="text-lg font-medium" id={`${id}-title`} ref={title} tabIndex={-1}>
        Your voices
      </h2>
      <div className="not-empty:mt-3" role="status">
        {leaving ? (
          <Message
            actions={
              <Button onClick={() => voices.undo()} variant="link">
                Undo
              </Button>
            }
            tone="plain"
          >
            {`“${leaving.name}” is deleted.`}
          </Message>
        ) : null}
      </div>
      {failed ? (
        <Message
          actions={
            <Button onClick={() => void voices.refresh()} variant="link">
              Try again
            </Button>
          }
        >
          Your voices cannot be read just now.
        </Message>
      ) : null}
      {data?.length === 0 || (!data && !failed) ? (
        <p className="mt-1 text-soft">The voices that you clone are listed here.</p>
      ) : null}
      <ul className="divide-y divide-line">
        {data?.map((voice) => (
          <li className="flex items-center gap-3 py-3" key={voice.voice_id}>
            <button
              aria-label={`${playback.playing === voice.voice_id ? "Pause" : "Play"} ${voice.name}`}
              className="grid size-11 shrink-0 place-items-center rounded-full border border-edge hover:bg-sunken"
              onClick={() => {
                if (playback.playing === voice.voice_id) playback.stop();
                else void playback.play(voice);
              }}
              type="button"
            >
              {playback.playing === voice.voice_id ? <PauseIcon /> : <PlayIcon />}
            </button>
            <div className="min-w-0 grow">
              <p className="font-medium wrap-anywhere" translate="no">
                {voice.name}
              </p>
              <p className="text-sm text-soft">
                {playback.failed === voice.voice_id
                  ? "It cannot be played just now."
                  : [
                      languageName(voice.language),
                      spokenSeconds(Math.round(voice.duration_seconds)),
                      day(voice.created_at),
                    ]
                      .filter(Boolean)
                      .join(" · ")}
              </p>
            </div>
            <Button
              aria-label={`Delete ${voice.name}`}
              onClick={() => {
                if (playback.playing === voice.voice_id) playback.stop();
                voices.remove(voice);
                title.current?.focus();
              }}
              variant="quiet"
            >
              <TrashIcon />
            </Button>
          </li>
        ))}
      </ul>
      {onSave && data && data.length > 0 ? (
        <Button className="mt-2" onClick={onSave} variant="link">
          Save my voices: create an account
        </Button>
      ) : null}
    </Card>
  );
}
