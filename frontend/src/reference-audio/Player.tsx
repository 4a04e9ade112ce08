/** Plays a take: a button, the waveform to seek in, the time. */
import { useEffect, useRef, useState } from "react";
import { minutes, spokenSeconds } from "../ui/format";
import { useScope } from "../ui/hooks";
import { PauseIcon, PlayIcon } from "../ui/icons";
import { StillWaveform } from "./Waveform";

/** The file's address for as long as the component shows it. */
function useObjectUrl(file: File): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}

export function Player({
  file,
  seconds,
  peaks,
}: {
  readonly file: File;
  readonly seconds: number;
  readonly peaks: readonly number[];
}) {
  const url = useObjectUrl(file);
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);

  useScope(
    (scope) => {
      const element = audio.current;
      if (!element) return;
      scope.listen(element, "play", () => setPlaying(true));
      scope.listen(element, "pause", () => setPlaying(false));
      scope.listen(element, "seeked", () => setAt(element.currentTime));
      scope.listen(element, "ended", () => setAt(0));
      if (playing) scope.frames(() => setAt(element.currentTime));
    },
    [playing, url],
  );

  const toggle = () => {
    const element = audio.current;
    if (!element) return;
    if (playing) element.pause();
    else void element.play();
  };
  const seek = (to: number) => {
    if (audio.current) audio.current.currentTime = to;
    setAt(to);
  };

  return (
    <div className="flex items-center gap-3">
      {/* biome-ignore lint/a11y/useMediaCaption: the take's words are in the transcript below. */}
      <audio preload="auto" ref={audio} src={url} />
      <button
        aria-label={playing ? "Pause playback" : "Play the take"}
        className="grid size-11 shrink-0 place-items-center rounded-full border border-edge hover:bg-sunken"
        onClick={toggle}
        type="button"
      >
        {playing ? <PauseIcon /> : <PlayIcon />}
      </button>
      <div className="relative grow rounded-md has-focus-visible:outline-3 has-focus-visible:outline-accent">
        {peaks.length > 0 ? (
          <StillWaveform peaks={peaks} position={seconds > 0 ? at / seconds : 0} />
        ) : (
          <div className="my-5 h-1.5 rounded-full bg-line" />
        )}
        <input
          aria-label="Position"
          aria-valuetext={`${at.toFixed(1)} of ${spokenSeconds(seconds)}`}
          className="absolute inset-0 h-full w-full cursor-pointer opacity-0"
          max={seconds || 1}
          min={0}
          onChange={(event) => seek(Number(event.target.value))}
          step={0.1}
          type="range"
          value={Math.min(at, seconds)}
        />
      </div>
      <span className="text-sm whitespace-nowrap text-soft tabular-nums" translate="no">
        {`${minutes(at)} / ${minutes(seconds)}`}
      </span>
    </div>
  );
}
