/** How long a stream's packets last, by their own first bytes and their codec's configuration. */

/** Return the seconds of a packet; those of one stream are asked in order. */
export type SecondsOf = (packet: Uint8Array) => number;

/** ISO/IEC 14496-3, table 1.18. */
const AAC_RATES = [
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000],
  ...[12_000, 11_025, 8000, 7350],
];
/** Main, LC, SSR, LTP; with SBR and PS before one of them. */
const AAC_PLAIN = new Set([1, 2, 3, 4]);
const AAC_EXTENDED = new Set([5, 29]);
/** RFC 9639, section 9.1.1: block sizes by their code; 6 and 7 stand behind the header. */
const FLAC_BLOCKS = [0, 192, 576, 1152, 2304, 4608, 0, 0]
  .concat([256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768]);
/** RFC 9639, section 9.1.2: rates by their code; 12 to 14 stand behind the header. */
const FLAC_RATES = [
  ...[0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000],
  ...[32_000, 44_100, 48_000, 96_000],
];

/** RFC 6716, section 3.4: no decoder takes a longer packet. */
const MOST_OPUS_MILLISECONDS = 120;

/** Seconds of an Opus packet, from its table of contents (RFC 6716, section 3.1). */
export function opusSeconds(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const config = toc >> 3;
  const milliseconds = config < 12
    ? [10, 20, 40, 60][config % 4]
    : config < 16
    ? [10, 20][config % 2]
    : [2.5, 5, 10, 20][config % 4];
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 63 : 2;
  const all = (milliseconds ?? 0) * frames;
  return all > MOST_OPUS_MILLISECONDS ? 0 : all / 1000;
}

/**
 * Return how long an AAC stream's packets last, by its AudioSpecificConfig (ISO/IEC 14496-3,
 * 1.6.2.1); undefined where that is of a kind that is not read.
 */
export function aacSeconds(config: Uint8Array): SecondsOf | undefined {
  const bits = new Bits(config);
  let type = bits.objectType();
  const rate = bits.aacRate();
  bits.take(4); // channels
  if (AAC_EXTENDED.has(type)) {
    bits.aacRate(); // what the extension plays at: as long as the core it doubles
    type = bits.objectType();
  }
  if (!AAC_PLAIN.has(type) || !(rate > 0)) return undefined;
  const seconds = (bits.take(1) === 1 ? 960 : 1024) / rate;
  return bits.ended ? undefined : () => seconds;
}

/**
 * Return how long a FLAC stream's frames last, by their headers (RFC 9639, section 9.1).
 *
 * @param streamRate What STREAMINFO says, in hertz, for frames that do not tell.
 */
export function flacSeconds(streamRate: number): SecondsOf {
  return (frame) => {
    const codes = frame[2] ?? 0;
    let at = 4;
    // The number of the frame or sample, coded as UTF-8 codes characters.
    for (let lead = frame[at++] ?? 0; (lead & 0xc0) === 0xc0; lead = lead << 1 & 0xff) at++;
    const word = (bytes: number) => {
      let value = 0;
      for (let n = 0; n < bytes; n++) value = value << 8 | (frame[at++] ?? 0);
      return value;
    };
    const block = codes >> 4;
    const samples = block === 6 ? word(1) + 1 : block === 7 ? word(2) + 1 : FLAC_BLOCKS[block] ?? 0;
    const code = codes & 15;
    const rate = code === 12
      ? word(1) * 1000
      : code === 13
      ? word(2)
      : code === 14
      ? word(2) * 10
      : FLAC_RATES[code] || streamRate;
    return rate > 0 ? samples / rate : 0;
  };
}

/**
 * Return how long a Vorbis stream's packets last (Vorbis I, sections 1.3.2 and 4.3.1), by its
 * identification and setup headers; undefined where those are broken.
 */
export function vorbisSeconds(id: Uint8Array, setup: Uint8Array): SecondsOf | undefined {
  if (id.length < 30) return undefined;
  const view = new DataView(id.buffer, id.byteOffset, id.byteLength);
  const rate = view.getUint32(12, true);
  const sizes = [1 << (view.getUint8(28) & 15), 1 << (view.getUint8(28) >> 4)];
  const modes = vorbisModes(setup);
  if (rate === 0 || modes === undefined) return undefined;
  const bits = 32 - Math.clz32(modes.length - 1);
  let before: number | undefined;
  return (packet) => {
    const first = packet[0] ?? 1;
    if (first & 1) return 0; // a header
    const mode = modes[first >> 1 & (1 << bits) - 1];
    const size = sizes[mode ?? 0] ?? 0;
    const samples = before === undefined ? 0 : (before + size) / 4;
    before = size;
    return samples / rate;
  };
}

/**
 * The block flag of each mode. The modes stand last in the setup header, and what comes before
 * them is large, so they are read from the end: 41 bits each, of which the middle 32 are 0, then
 * their count in six bits, and a framing bit (Vorbis I, section 4.2.4).
 */
function vorbisModes(setup: Uint8Array): number[] | undefined {
  let at = setup.length * 8 - 1;
  const bit = (position: number) => (setup[position >> 3] ?? 0) >> (position & 7) & 1;
  const word = (position: number, bits: number) => {
    let value = 0;
    for (let n = 0; n < bits; n++) value += bit(position + n) * 2 ** n;
    return value;
  };
  while (at > 0 && bit(at) === 0) at--; // padding, to the framing bit
  const flags: number[] = [];
  let found: number[] | undefined;
  for (at -= 41; at > 97 && flags.length < 64; at -= 41) {
    const [blocks, transform, mapping] = [word(at + 1, 16), word(at + 17, 16), word(at + 33, 8)];
    if (blocks !== 0 || transform !== 0 || mapping > 63) break;
    flags.unshift(bit(at));
    if (word(at - 6, 6) + 1 === flags.length) found = [...flags];
  }
  return found;
}

/** Bits of a configuration, the highest first. */
class Bits {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get ended(): boolean {
    return this.at > this.bytes.length * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let n = 0; n < count; n++, this.at++) {
      value = value * 2 + ((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7)) & 1);
    }
    return value;
  }

  objectType(): number {
    const type = this.take(5);
    return type === 31 ? 32 + this.take(6) : type;
  }

  aacRate(): number {
    const index = this.take(4);
    return index === 15 ? this.take(24) : AAC_RATES[index] ?? 0;
  }
}
