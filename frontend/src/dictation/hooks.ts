/** The hooks: safe on a server, in StrictMode, and where React renders more often than it shows. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { type Microphone, Microphones } from "../audio/devices";
import { Scope } from "../lib/scope";
import { useReadable, useScope } from "../ui/hooks";
import {
  LiveTranscript,
  type LiveTranscriptOptions,
  type LiveTranscriptState,
} from "./live-transcript";

export interface UseLiveTranscript extends LiveTranscriptState {
  /** Call it from a click: browsers ask for the microphone only then. */
  start(): void;
  /** Ends it; the last words still come. */
  stop(): void;
  pause(): void;
  resume(): void;
  /** Ends it at once and forgets its words. */
  cancel(): void;
  /** For `useLevel`. */
  readonly transcript: LiveTranscript;
}

/** Words while they are spoken. The microphone is given back when the component goes. */
export function useLiveTranscript(options: LiveTranscriptOptions = {}): UseLiveTranscript {
  const [transcript] = useState(() => new LiveTranscript(options));
  useEffect(() => transcript.update(options));
  useEffect(() => () => transcript.release(), [transcript]);
  const state = useReadable(transcript);
  const actions = useMemo(
    () => ({
      start: () => void transcript.start(),
      stop: () => void transcript.stop(),
      pause: () => void transcript.pause(),
      resume: () => transcript.resume(),
      cancel: () => transcript.cancel(),
      transcript,
    }),
    [transcript],
  );
  return useMemo(() => ({ ...state, ...actions }), [state, actions]);
}

const NONE: readonly Microphone[] = [];

/**
 * The microphones there are, as they come and go. They have no names before the page may record:
 * `refresh` looks again.
 */
export function useMicrophones(): {
  readonly microphones: readonly Microphone[];
  refresh(): void;
} {
  const [devices, setDevices] = useState<Microphones>();
  const [microphones, setMicrophones] = useState(NONE);
  useScope((scope) => {
    const found = new Microphones(scope);
    scope.add(found.subscribe(() => setMicrophones(found.getSnapshot())));
    setDevices(found);
  }, []);
  return useMemo(
    () => ({ microphones, refresh: () => void devices?.refresh() }),
    [microphones, devices],
  );
}

/** Looks at the level this often, in a second: a meter needs no more. */
const LEVELS_PER_SECOND = 15;

/** The level that is heard, 0 to 1, of whatever has one; 0 while nothing is. */
export function useLevel(source: { readonly level: number } | undefined): number {
  const [subscribe, read] = useMemo(() => {
    let seen = 0;
    const look = (listener: () => void) => {
      const scope = new Scope();
      scope.every(1000 / LEVELS_PER_SECOND, () => {
        const level = source?.level ?? 0;
        if (level === seen) return;
        seen = level;
        listener();
      });
      return () => scope.dispose();
    };
    return [look, () => seen] as const;
  }, [source]);
  return useSyncExternalStore(subscribe, read, () => 0);
}
