/** What a clone ends with: the voice is there, and this is what can be done with it. */
import { lazy, Suspense, useLayoutEffect, useRef } from "react";
import type { ReferenceAudioServices, Voice } from "../index";
import { Button, PauseIcon, PlayIcon } from "../react";
import type { Playback } from "./playback";
import { useWords } from "./use-words";

const DownloadVoice = lazy(async () => ({
  default: (await import("./DownloadVoice")).DownloadVoice,
}));

export function Ending({
  services: { api, config },
  titleId: id,
  voice,
  playback,
  onAnother,
}: {
  readonly services: ReferenceAudioServices;
  /** Names the card. */
  readonly titleId: string;
  readonly voice: Voice;
  readonly playback: Playback;
  readonly onAnother: () => void;
}) {
  const t = useWords();
  const title = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each voice.
  useLayoutEffect(() => {
    title.current?.focus({ preventScroll: true });
    title.current?.scrollIntoView?.({ block: "center" });
  }, [voice]);
  const isPlaying = playback.playing === voice.voice_id;
  return (
    <div className="appear space-y-3">
      <h2 className="text-xl font-medium wrap-anywhere" id={id} ref={title} tabIndex={-1}>
        {t("clone.ready", { name: voice.name })}
      </h2>
      <p className="text-soft">
        {t(playback.failed === voice.voice_id ? "voices.unplayable" : "clone.listed")}
      </p>
      <div className="flex flex-wrap gap-3">
        <Button
          aria-describedby={id}
          onClick={() => (isPlaying ? playback.stop() : void playback.play(voice))}
          variant="primary"
        >
          {isPlaying ? <PauseIcon /> : <PlayIcon />}
          <span>{t(isPlaying ? "clone.pause" : "clone.listen")}</span>
        </Button>
        <Button onClick={onAnother}>{t("clone.another")}</Button>
      </div>
      {config.bundles ? (
        <Suspense>
          <DownloadVoice api={api} preset={config.reference_preset} voice={voice} />
        </Suspense>
      ) : null}
    </div>
  );
}
