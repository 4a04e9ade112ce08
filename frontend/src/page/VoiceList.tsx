/** The person's voices: hear them, delete them, take that back. */
import { lazy, Suspense, useId, useRef, useState } from "react";
import {
  type Api,
  day,
  languageName,
  type PublicConfig,
  spokenSeconds,
  type Voice,
} from "../index";
import {
  Button,
  Card,
  DownloadIcon,
  fieldClass,
  Message,
  PauseIcon,
  PencilIcon,
  PlayIcon,
  TrashIcon,
  useReadable,
} from "../react";
import type { Playback } from "./playback";
import { useWords } from "./use-words";
import type { Voices } from "./voices";

const RenameVoice = lazy(async () => ({ default: (await import("./RenameVoice")).RenameVoice }));
const DownloadVoice = lazy(async () => ({
  default: (await import("./DownloadVoice")).DownloadVoice,
}));

/** Voices at a time; past them there is a search. */
const PAGE = 10;

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
  const kept = useReadable(voices.kept);
  const title = useRef<HTMLHeadingElement>(null);
  const list = useRef<HTMLUListElement>(null);
  /** The id of the voice whose name is a field. */
  const [renamed, setRenamed] = useState<string>();
  const [sought, setSought] = useState("");
  const [shown, setShown] = useState(PAGE);
  const all = data ?? [];
  const plain = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const found = all.filter((voice) => plain(voice.name).includes(plain(sought.trim())));
  const rest = found.length - shown;
  const endRename = (voice: Voice) => {
    setRenamed(undefined);
    const row = list.current?.querySelector<HTMLElement>(`[data-voice="${voice.voice_id}"]`);
    row?.querySelector<HTMLElement>("[data-rename]")?.focus();
  };
  /** The id of the voice that is to be downloaded. */
  const [packed, setPacked] = useState<string>();
  const nameOf = (code: string) => {
    const known = config.languages.find((language) => language.code === code);
    return known && languageName(t.locale, code, known.name);
  };
  return (
    <Card labelledBy={`${id}-title`}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only watches where a person is. */}
      <div
        onBlur={() => voices.hold(false)}
        onFocus={({ target }) => voices.hold(target.matches(":focus-visible"))}
      >
        <h2 className="text-lg font-medium" id={`${id}-title`} ref={title} tabIndex={-1}>
          {t("voices.title")}
        </h2>
        <div className="not-empty:mt-3" role="status">
          {leaving ? (
            <Message
              actions={
                <Button onClick={() => voices.undo()} variant="link">
                  {t("tray.undo")}
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
                {t("out.try-again")}
              </Button>
            }
          >
            {t("voices.failed")}
          </Message>
        ) : null}
        {all.length === 0 && !failed ? <p className="mt-1 text-soft">{t("voices.empty")}</p> : null}
        {kept ? <Message>{t("voices.notDeleted", { name: kept.name })}</Message> : null}
        {all.length > PAGE ? (
          <input
            aria-label={t("voices.search")}
            className={`${fieldClass} mt-3`}
            onChange={({ target }) => setSought(target.value)}
            placeholder={t("voices.search")}
            type="search"
            value={sought}
          />
        ) : null}
        {all.length > 0 && found.length === 0 ? (
          <p className="mt-3 text-soft">{t("voices.noneFound")}</p>
        ) : null}
        <ul className="divide-y divide-line" ref={list}>
          {found.slice(0, shown).map((voice) => (
            <li
              className="flex flex-wrap items-center gap-x-2 gap-y-2 py-3"
              data-voice={voice.voice_id}
              key={voice.voice_id}
            >
              <button
                aria-label={t(
                  playback.playing === voice.voice_id ? "voices.pause" : "voices.play",
                  {
                    name: voice.name,
                  },
                )}
                className="grid size-11 shrink-0 place-items-center rounded-full border border-edge hover:bg-sunken"
                onClick={() => {
                  if (playback.playing === voice.voice_id) playback.stop();
                  else void playback.play(voice);
                }}
                type="button"
              >
                {playback.playing === voice.voice_id ? <PauseIcon /> : <PlayIcon />}
              </button>
              <div className="min-w-36 flex-1">
                <p className="font-medium wrap-anywhere" translate="no">
                  {voice.name}
                </p>
                <p className="text-sm text-soft">
                  {playback.failed === voice.voice_id
                    ? t("voices.unplayable")
                    : [
                        nameOf(voice.language),
                        spokenSeconds(t.locale, Math.round(voice.duration_seconds)),
                        day(t.locale, voice.created_at),
                      ]
                        .filter(Boolean)
                        .join(" · ")}
                </p>
              </div>
              <div className="ml-auto flex">
                {config.bundles ? (
                  <Button
                    aria-expanded={packed === voice.voice_id}
                    aria-label={t("bundle.open", { name: voice.name })}
                    onClick={() =>
                      setPacked(packed === voice.voice_id ? undefined : voice.voice_id)
                    }
                    variant="quiet"
                  >
                    <DownloadIcon />
                  </Button>
                ) : null}
                <Button
                  aria-expanded={renamed === voice.voice_id}
                  aria-label={t("voices.renameOne", { name: voice.name })}
                  className="w-11 px-0!"
                  data-rename
                  onClick={() =>
                    setRenamed(renamed === voice.voice_id ? undefined : voice.voice_id)
                  }
                  variant="quiet"
                >
                  <PencilIcon />
                </Button>
                <Button
                  aria-label={t("tray.delete", { name: voice.name })}
                  className="w-11 px-0!"
                  onClick={() => {
                    if (playback.playing === voice.voice_id) playback.stop();
                    voices.remove(voice);
                    title.current?.focus();
                  }}
                  variant="quiet"
                >
                  <TrashIcon />
                </Button>
              </div>
              {renamed === voice.voice_id ? (
                <Suspense>
                  <RenameVoice onDone={() => endRename(voice)} voice={voice} voices={voices} />
                </Suspense>
              ) : null}
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
        {rest > 0 ? (
          <Button onClick={() => setShown(shown + PAGE)} variant="link">
            {t("voices.more", { count: Math.min(rest, PAGE) })}
          </Button>
        ) : null}
        {onSave && data && data.length > 0 ? (
          <Button className="mt-2" onClick={onSave} variant="link">
            {t("voices.save")}
          </Button>
        ) : null}
      </div>
    </Card>
  );
}
