/** How long a stream's packets last, by their own first bytes. */

/** Samples of each AAC packet (ISO/IEC 14496-3, 4.5.1.1), at the rate of the core coder. */
const AAC_FRAME = 1024;
/** ISO/IEC 14496-3, table 1.18. */
const AAC_RATES = [
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000],
  ...[12_000, 11_025, 8000, 7350],
];

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
  return (milliseconds ?? 0) * frames / 1000;
}

/**
 * Seconds of each AAC packet, from its AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); undefined
 * where that names no rate.
 */
export function aacSeconds(config: Uint8Array): number | undefined {
  const [first, second] = config;
  if (first === undefined || second === undefined || first >> 3 === 31) return undefined;
  const rate = AAC_RATES[(first & 7) << 1 | second >> 7];
  return rate === undefined ? undefined : AAC_FRAME / rate;
}
