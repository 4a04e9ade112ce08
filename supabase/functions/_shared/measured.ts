/** What a file's packets say together. */

import { Failure } from "./failure.ts";
import { FILES } from "./generated/files.ts";

/** Opus packets of 2.5 ms fill five minutes with 120,000. */
const MAX_PACKETS = 150_000;

export const IN_PARTS = "The file is damaged: parts of it cannot be read.";
export const UNCOMMON = `The file keeps its sound in an uncommon way. ${FILES.accepted}`;

/** Adds packets up. */
export class Measured {
  seconds = 0;
  packets = 0;
  bytes = 0;

  /** @param enough Seconds after which nothing more is added: by how much a file is too long. */
  constructor(private readonly enough: number) {}

  get isEnough(): boolean {
    return this.seconds > this.enough;
  }

  add(seconds: number, bytes: number): void {
    this.packets += 1;
    this.seconds += seconds;
    this.bytes += bytes;
    if (this.packets > MAX_PACKETS) throw invalid("The file is cut into too many pieces.");
  }
}

export function invalid(message: string): Failure {
  return new Failure("invalid_audio", message);
}

export function unsupported(message: string): Failure {
  return new Failure("unsupported_audio", message);
}
