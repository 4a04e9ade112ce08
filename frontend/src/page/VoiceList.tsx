/** The person's voices: hear them, delete them, take that back. */
import { lazy, Suspense, useId, useRef, useState } from "react";
import { type Api, day, type PublicConfig, spokenSeconds } from "../index";
import {
  Button,
  Card,
  DownloadIcon,
  Message,
  PauseIcon,
  PlayIcon,
  TrashIcon,
  useReadable,
} from "../react";
import type { Playback } from "./playback";
import { useWords } from "./use-words";
import type { Voices } from "./voices";

const DownloadVoice = lazy(async () => ({
  default: (await import("./DownloadVoice")).DownloadVoice,
}));

export function VoiceList({
  api,
  voices,
  playback,
  config,
  onSave,
}: {
  readonly api: Api;
  readonly voices: Voices;
  readonly playback: Playback;
  readonly config: PublicConfig;
  /** Lets a person without an account keep the voices. */
  readonly onSave: (() => void) | undefined;
}) {
  const t = useWords();
  const id = useId();
  const { data, failed } = useReadable(voices.list);
  const leaving = useReadable(voices.leaving);
  const title = useRef<HTMLHeadingElement>(null);
  /** The id of the voice that is to be downloaded. */
  const [packed, setPacked] = useState<string>();
  const languageName = (code: string) =>
    config.languages.find((language) => language.code === code)?.name;
  return (
    <Card labelledBy={`${id}-title`}>
      <h2 className="text-lg font-medium" id={`${id}-title`} ref={title} tabIndex={-1}>
        {t("voices.title")}
      </h2>
      <div className="not-empty:mt-3" role="status">
        {leaving ? (
          <Message
            actions={
              <Button onClick={() => voices.undo()} variant="link">
                {t("voices.undo")}
              </Button>
            }
            tone="plain"
          >
            {t("voices.deleted", { name: leaving.name })}
          </Message>
        ) : null}
      </div>
      {failed ? (
        <Message
          actions={
            <Button onClick={() => void voices.refresh()} variant="link">
              {t("page.again")}
            </Button>
          }
        >
          {t("voices.failed")}
        </Message>
      ) : null}
      {data?.length === 0 || (!data && !failed) ? (
        <p className="mt-1 text-soft">{t("voices.empty")}</p>
      ) : null}
      <ul className="divide-y divide-line">
        {data?.map((voice) => (
          <li className="flex flex-wrap items-center gap-3 py-3" key={voice.voice_id}>
            <button
              aria-label={t(playback.playing === voice.voice_id ? "voices.pause" : "voices.play", {
                name: voice.name,
              })}
              className="grid size-11 shrink-0 place-items-center rounded-full border border-edge hover:bg-sunken"
              onClick={() => {
                if (playback.playing === voice.voice_id) playback.stop();
                else void playback.play(voice);
              }}
              type="button"
            >
              {playback.playing === voice.voice_id ? <PauseIcon /> : <PlayIcon />}
            </button>
            <div className="min-w-0 flex-1">
              <p className="font-medium wrap-anywhere" translate="no">
                {voice.name}
              </p>
              <p className="text-sm text-soft">
                {playback.failed === voice.voice_id
                  ? t("voices.unplayable")
                  : [
                      languageName(voice.language),
                      spokenSeconds(t.locale, Math.round(voice.duration_seconds)),
                      day(t.locale, voice.created_at),
                    ]
                      .filter(Boolean)
                      .join(" · ")}
              </p>
            </div>
            {config.bundles ? (
              <Button
                aria-expanded={packed === voice.voice_id}
                aria-label={t("bundle.open", { name: voice.name })}
                onClick={() => setPacked(packed === voice.voice_id ? undefined : voice.voice_id)}
                variant="quiet"
              >
                <DownloadIcon />
              </Button>
            ) : null}
            <Button
              aria-label={t("voices.delete", { name: voice.name })}
              onClick={() => {
                if (playback.playing === voice.voice_id) playback.stop();
                voices.remove(voice);
                title.current?.focus();
              }}
              variant="quiet"
            >
              <TrashIcon />
            </Button>
            {packed === voice.voice_id ? (
              <div className="w-full">
                <Suspense>
                  <DownloadVoice api={api} preset={config.reference_preset} voice={voice} />
                </Suspense>
              </div>
            ) : null}
          </li>
        ))}
      </ul>
      {onSave && data && data.length > 0 ? (
        <Button className="mt-2" onClick={onSave} variant="link">
          {t("voices.save")}
        </Button>
      ) : null}
    </Card>
  );
}
