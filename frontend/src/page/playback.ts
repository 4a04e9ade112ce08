/** Hearing a voice that is on the server. */
import { useRef, useState } from "react";
import { type Api, fetchVoice, type Voice } from "../index";
import { useScope } from "../react";

export interface Playback {
  /** The id of the voice that is heard, or about to be. */
  readonly playing: string | undefined;
  /** The id of the voice that could not be played. */
  readonly failed: string | undefined;
  /** Plays a voice from its beginning, in place of any other. */
  play(voice: Voice): Promise<void>;
  stop(): void;
}

/** One voice at a time is heard, wherever its button is, and none after its person has left. */
export function usePlayback(api: Api, userId: string | undefined): Playback {
  const audio = useRef<HTMLAudioElement>(null);
  /** Counts what was asked for: an address that comes late for an earlier wish is not played. */
  const turn = useRef(0);
  const [playing, setPlaying] = useState<string>();
  const [failed, setFailed] = useState<string>();
  useScope(
    (scope) => {
      const element = new Audio();
      audio.current = element;
      scope.listen(element, "ended", () => setPlaying(undefined));
      scope.add(() => {
        turn.current += 1;
        element.pause();
        setPlaying(undefined);
      });
    },
    [userId],
  );
  const stop = () => {
    turn.current += 1;
    audio.current?.pause();
    setPlaying(undefined);
  };
  const play = async (voice: Voice) => {
    const element = audio.current;
    if (!element) return;
    stop();
    const mine = turn.current;
    setFailed(undefined);
    setPlaying(voice.voice_id);
    try {
      const { audio_url } = await fetchVoice(api, voice.voice_id);
      if (turn.current !== mine) return;
      element.src = audio_url;
      await element.play();
    } catch {
      // Stopped, or another voice was chosen, while this one was loading.
      if (turn.current !== mine) return;
      setPlaying(undefined);
      setFailed(voice.voice_id);
    }
  };
  return { playing, failed, play, stop };
}
