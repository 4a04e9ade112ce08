/** A take: the reference audio that a person has made or chosen, with what is known of it. */
import { judge, judgeLength, type LengthLimits, type Verdict } from "../audio/gate";
import { type Measurement, measure } from "../audio/measure";
import { encodeWav } from "../audio/wav";
import { randomId } from "../lib/random-id";

/** PCM as it was recorded. */
export interface Pcm {
  readonly blocks: readonly Int16Array<ArrayBuffer>[];
  /** Hertz. */
  readonly rate: number;
}

export interface Take {
  /** Unique; names the take in this browser and in storage. */
  readonly id: string;
  readonly kind: "recording" | "file";
  readonly file: File;
  /** Unknown where this browser cannot decode the file; the server still can. */
  readonly seconds: number | undefined;
  readonly measurement: Measurement | undefined;
  readonly verdicts: readonly Verdict[];
  /** Where this browser could decode it: so that it can be cut. */
  readonly pcm: Pcm | undefined;
}

/** A part of a recording, in seconds from its beginning. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export const newTakeId = randomId;

export function countSamples(pcm: Pcm): number {
  return pcm.blocks.reduce((sum, block) => sum + block.length, 0);
}

/** The loudest sample of each of so many equal stretches. */
export function peaksOf(pcm: Pcm, count: number): number[] {
  const total = countSamples(pcm);
  const peaks = new Array<number>(count).fill(0);
  if (total === 0) return peaks;
  let position = 0;
  for (const block of pcm.blocks) {
    for (let i = 0; i < block.length; i += 1) {
      const bar = Math.floor((position * count) / total);
      const level = Math.abs(block[i] as number) / 32_768;
      if (level > (peaks[bar] as number)) peaks[bar] = level;
      position += 1;
    }
  }
  return peaks;
}

export function wavFile(pcm: Pcm, name: string): File {
  return new File([encodeWav(pcm.blocks, pcm.rate)], name, { type: "audio/wav" });
}

/** What was recorded, measured while it came or afterwards. */
export interface Recorded {
  readonly pcm: Pcm;
  readonly measurement: Measurement;
}

export function recordedTake(
  id: string,
  { pcm, measurement }: Recorded,
  name: string,
  limits: LengthLimits,
): Take {
  return {
    id,
    kind: "recording",
    file: wavFile(pcm, name),
    seconds: measurement.seconds,
    measurement,
    verdicts: judge(measurement, limits),
    pcm,
  };
}

/** A take of its own from a part of another; undefined where that one cannot be cut. */
export function cutTake(
  original: Take,
  { from, to }: Stretch,
  limits: LengthLimits,
): Take | undefined {
  if (!original.pcm) return undefined;
  const pcm = slicePcm(original.pcm, from, to);
  const name = `${original.file.name.replace(/\.[^.]*$/, "")}.wav`;
  const recorded = { pcm, measurement: measure(pcm.blocks, pcm.rate) };
  return { ...recordedTake(newTakeId(), recorded, name, limits), kind: original.kind };
}

/** Whether a part of it would make a better reference, and can be cut out. */
export function isTooLong({ pcm, verdicts }: Take): boolean {
  return pcm !== undefined && verdicts.some(({ says }) => says === "long" || says === "tooLong");
}

/** The same take, judged by other limits. */
export function judgedAnew(take: Take, limits: LengthLimits): Take {
  const { measurement, seconds } = take;
  if (measurement) return { ...take, verdicts: judge(measurement, limits) };
  return seconds === undefined ? take : { ...take, verdicts: [judgeLength(seconds, limits)] };
}

/** A recording's name: when it was made, readable and safe as a file name. */
export function recordingName(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `recording-${day}-${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}.wav`;
}

/** The samples from `from` to `to`, in seconds. */
export function slicePcm(pcm: Pcm, from: number, to: number): Pcm {
  const first = Math.max(0, Math.round(from * pcm.rate));
  const last = Math.min(countSamples(pcm), Math.round(to * pcm.rate));
  const blocks: Int16Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const block of pcm.blocks) {
    const start = Math.max(first - at, 0);
    const end = Math.min(last - at, block.length);
    if (start < end) blocks.push(block.slice(start, end));
    at += block.length;
  }
  return { blocks, rate: pcm.rate };
}

/** Silence that is left on either side of a trim, in seconds. */
const TRIM_MARGIN = 0.3;
/** Less silence than this is not worth offering a trim for. */
const TRIM_WORTH = 1;

/** What a trim would take away, in seconds; undefined where it is not worth it. */
export function trimmable(
  measurement: Measurement,
): (Stretch & { readonly saves: number }) | undefined {
  if (!measurement.hasSpeech) return undefined;
  const { leadingSilence, trailingSilence, seconds } = measurement;
  const from = leadingSilence >= TRIM_WORTH ? leadingSilence - TRIM_MARGIN : 0;
  const to = trailingSilence >= TRIM_WORTH ? seconds - trailingSilence + TRIM_MARGIN : seconds;
  const saves = seconds - (to - from);
  return saves > 0 ? { from, to, saves } : undefined;
}
