/** A file in memory of which no reader asks for ever. */

import { BufferSource } from "mediabunny";
import { invalid } from "./measured.ts";

/** The library reads once or twice for a packet, and a file has 150,000 of these at most. */
const MAX_READS = 200_000;
/**
 * How often the same bytes may be read in a row. The library's search for the next cluster of a WebM
 * reads the last eight bytes of a damaged file for ever, and ends when there are none.
 */
const MAX_REPEATS = 100;

export class BoundedSource extends BufferSource {
  private reads = 0;
  private repeats = 0;
  private last = -1;
  private readonly whole: { bytes: Uint8Array; view: DataView; offset: number };

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.whole = { bytes, view, offset: 0 };
  }

  /** What the library calls for every read; its types leave it out. */
  _read(start: number): typeof this.whole | null {
    this.repeats = start === this.last ? this.repeats + 1 : 0;
    this.last = start;
    this.reads += 1;
    if (this.reads > MAX_READS) throw invalid("The file is cut into too many pieces.");
    return this.repeats > MAX_REPEATS ? null : this.whole;
  }
}
