/** The microphone, as raw as the browser gives it. */
import { Scope } from "../lib/scope";
import { closeWith, openGraph } from "./graph";
import {
  type AudioListener,
  type AudioSource,
  type OpenOptions,
  type OpenSource,
  SourceError,
  type SourceFault,
} from "./source";

/** Names of `getUserMedia`'s exceptions (W3C Media Capture and Streams, 10.2). */
const FAULTS: Readonly<Record<string, SourceFault>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

function constraints(deviceId: string | undefined): MediaStreamConstraints {
  return {
    audio: {
      ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
      channelCount: 1,
      // All off: with them on, the recording no longer matches the voice.
      echoCancellation: false,
      noiseSuppression: false,
      autoGainControl: false,
    },
  };
}

export function canRecord(): boolean {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

async function openStream(deviceId: string | undefined): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints(deviceId));
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    // The chosen device may have been unplugged since: the default one is better than none.
    if (deviceId && (name === "OverconstrainedError" || name === "NotFoundError")) {
      return openStream(undefined);
    }
    throw new SourceError(FAULTS[name] ?? "failed", { cause: error });
  }
}

const newContext = (rate?: Pick<AudioContextOptions, "sampleRate">) =>
  new AudioContext({ latencyHint: "interactive", ...rate });

/** The stream as a node. Firefox joins none to a context of another rate: then one of the track's. */
function connect(
  context: AudioContext,
  stream: MediaStream,
  track: MediaStreamTrack,
  scope: Scope,
): { readonly context: AudioContext; readonly input: AudioNode } {
  try {
    return { context, input: context.createMediaStreamSource(stream) };
  } catch (error) {
    const { sampleRate } = track.getSettings();
    if (!sampleRate || sampleRate === context.sampleRate) throw error;
    const second = newContext({ sampleRate });
    closeWith(scope, second);
    return { context: second, input: second.createMediaStreamSource(stream) };
  }
}

export interface MicrophoneOptions {
  /** False forces the script node, as in a browser without worklets. */
  readonly worklet?: boolean;
}

export class MicrophoneSource implements AudioSource {
  readonly #options: MicrophoneOptions;

  constructor(options: MicrophoneOptions = {}) {
    this.#options = options;
  }

  get unavailable(): SourceFault | undefined {
    return canRecord() ? undefined : "insecure";
  }

  async open(
    options: OpenOptions,
    listener: AudioListener,
    signal: AbortSignal,
  ): Promise<OpenSource> {
    if (!canRecord()) throw new SourceError("insecure");
    // Before the first await: Safari starts a context only within the click.
    const context = newContext();
    const scope = new Scope();
    closeWith(scope, context);
    try {
      const stream = await openStream(options.deviceId);
      scope.add(() => {
        for (const track of stream.getTracks()) track.stop();
      });
      signal.throwIfAborted();
      const [track] = stream.getAudioTracks();
      if (!track) throw new SourceError("missing");
      const source = await openGraph(
        {
          ...connect(context, stream, track, scope),
          label: track.label,
          scope,
          ...this.#options,
        },
        options,
        listener,
      );
      signal.throwIfAborted();
      scope.listen(track, "ended", () => {
        scope.dispose();
        listener.lost();
      });
      scope.listen(track, "mute", () => listener.muted(true));
      scope.listen(track, "unmute", () => listener.muted(false));
      return source;
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }
}
