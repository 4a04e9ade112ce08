/** The takes of one sitting: one is at hand, the others lie beside it until a person deletes them. */
import { countSamples, type Take } from "./take";
import type { TakeRecord } from "./take-store";

/** A take beside the one at hand, with the words that go with it. */
export interface TrayTake {
  readonly record: TakeRecord;
  /** As it was recorded, before any cut. */
  readonly take: Take;
  /** Whether it belongs to the person who signs in next. */
  readonly ownable: boolean;
}

/** What a browser is asked to hold: beyond either, a take must be deleted before the next one. */
export const MOST_TAKES = 8;
export const MOST_BYTES = 100 * 2 ** 20;

export function bytesOf({ kind, pcm, file }: Take): number {
  return kind === "recording" && pcm ? 2 * countSamples(pcm) : file.size;
}

export function isFull(takes: readonly Take[]): boolean {
  const bytes = takes.reduce((sum, take) => sum + bytesOf(take), 0);
  return takes.length >= MOST_TAKES || bytes >= MOST_BYTES;
}
