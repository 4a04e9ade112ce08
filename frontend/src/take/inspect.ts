/** A look at a chosen file before it is sent: kind, size, length, and how it sounds. */
import { judge, judgeLength, lengthLimits, type Verdict } from "../audio/gate";
import { type Measurement, measure } from "../audio/measure";
import { toInt16 } from "../audio/pcm";
import type { Preset } from "../audio/presets";
import { FILES } from "../generated/files";
import type { AudioLimits } from "../generated/protocol";
import { Scope } from "../lib/scope";
import { FileRefused } from "./file-refused";
import { judgedAnew, newTakeId, type Pcm, type Take } from "./take";

/** The most bytes from the beginning by which a kind of file is known. */
const HEAD_BYTES = 16;
/** Browsers guess its length. */
const MP3 = "audio/mpeg";

/**
 * The type of a file, by its first bytes, or by its ending where these say nothing: what a browser
 * says is often a video type, or nothing.
 */
export async function typeOf(file: File): Promise<string | undefined> {
  const first = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const head = FILES.heads.find(({ at, bytes }) =>
    bytes.every((byte, n) => first[at + n] === byte),
  );
  if (head) return FILES.formats.find(({ title }) => title === head.title)?.mime;
  const ending = /\.[^.]+$/.exec(file.name)?.[0].toLowerCase() ?? "";
  return FILES.formats.find(({ extensions }) => extensions.some((each) => each === ending))?.mime;
}

const METADATA_TIMEOUT_MS = 5000;
/** By how much two readers of a whole file may differ. */
const CLOSE_SECONDS = 0.5;

/** The length as its container claims it, in seconds; undefined when the browser cannot tell. */
async function claimedSeconds(file: File): Promise<number | undefined> {
  const scope = new Scope();
  const url = URL.createObjectURL(file);
  const audio = new Audio();
  scope.add(() => {
    audio.removeAttribute("src");
    URL.revokeObjectURL(url);
  });
  const seconds = await new Promise<number>((resolve) => {
    scope.listen(audio, "loadedmetadata", () => resolve(audio.duration));
    scope.listen(audio, "error", () => resolve(Number.NaN));
    scope.after(METADATA_TIMEOUT_MS, () => resolve(Number.NaN));
    audio.preload = "metadata";
    audio.src = url;
  });
  scope.dispose();
  // Streams that were recorded live claim an infinite length.
  return Number.isFinite(seconds) ? seconds : undefined;
}

/** The file's samples, mixed to one channel. */
async function decode(file: File): Promise<Pcm | undefined> {
  // A rate of its own, so that no device is opened; length and verdicts do not depend on it.
  const context = new OfflineAudioContext(1, 1, 48_000);
  let buffer: AudioBuffer;
  try {
    buffer = await context.decodeAudioData(await file.arrayBuffer());
  } catch {
    return undefined; // EncodingError: not a kind that this browser knows; the server still may.
  }
  const pcm = new Int16Array(buffer.length);
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) =>
    buffer.getChannelData(c),
  );
  for (let n = 0; n < pcm.length; n += 1) {
    let sum = 0;
    for (const channel of channels) sum += channel[n] as number;
    pcm[n] = toInt16(sum / channels.length);
  }
  return { blocks: [pcm], rate: buffer.sampleRate };
}

/**
 * Makes a take of a chosen file.
 *
 * @throws FileRefused for what the server would surely refuse.
 */
export async function inspectFile(file: File, limits: AudioLimits, preset?: Preset): Promise<Take> {
  if (file.size === 0) throw new FileRefused("empty");
  if (file.size > limits.max_bytes) throw new FileRefused("size");
  const type = await typeOf(file);
  if (type === undefined || !limits.types.includes(type)) throw new FileRefused("kind");
  const typed = new File([file], file.name, { type });

  const judgedBy = lengthLimits(limits, preset);
  let seconds = await claimedSeconds(typed);
  let measurement: Measurement | undefined;
  let verdicts: Verdict[] = seconds === undefined ? [] : [judgeLength(seconds, judgedBy)];
  let pcm: Pcm | undefined;
  // Decoding hours of audio could take all memory, only to learn what is known already.
  if (seconds === undefined || seconds <= 2 * limits.max_seconds) {
    pcm = await decode(typed);
    measurement = pcm && measure(pcm.blocks, pcm.rate);
    if (type !== MP3 && measurement && (seconds ?? 0) - measurement.seconds > CLOSE_SECONDS) {
      // Browsers stop at the first damaged packet; the server reads on.
      pcm = undefined;
      measurement = undefined;
    }
    if (pcm && measurement) {
      seconds = measurement.seconds;
      verdicts = judge(measurement, judgedBy);
    }
  }
  return {
    id: newTakeId(),
    kind: "file",
    file: typed,
    seconds,
    measurement,
    verdicts,
    pcm,
  };
}

/** The same take; where the server heard more or less of it, without what the browser read. */
export function heardTake(take: Take, seconds: number, limits: AudioLimits, preset?: Preset): Take {
  if (Math.abs(seconds - (take.seconds ?? seconds)) <= CLOSE_SECONDS) return take;
  const unread = { ...take, seconds, measurement: undefined, pcm: undefined };
  return judgedAnew(unread, lengthLimits(limits, preset));
}
