/** WAV files with 16-bit mono PCM: 44 bytes of RIFF header, then the samples. */

const HEADER_BYTES = 44;

/** The header of a mono 16-bit WAV with `samples` samples at `rate` hertz. */
export function wavHeader(samples: number, rate: number): ArrayBuffer {
  const header = new ArrayBuffer(HEADER_BYTES);
  const view = new DataView(header);
  const ascii = (offset: number, text: string) => {
    for (let i = 0; i < text.length; i += 1) view.setUint8(offset + i, text.charCodeAt(i));
  };
  const bytes = samples * 2;
  ascii(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  ascii(8, "WAVE");
  ascii(12, "fmt ");
  view.setUint32(16, 16, true); // size of this chunk
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true); // bytes per second
  view.setUint16(32, 2, true); // bytes per sample frame
  view.setUint16(34, 16, true); // bits per sample
  ascii(36, "data");
  view.setUint32(40, bytes, true);
  return header;
}

/** A WAV file of the blocks, in order. The blocks are not copied into one array first. */
export function encodeWav(blocks: readonly Int16Array<ArrayBuffer>[], rate: number): Blob {
  let samples = 0;
  for (const block of blocks) samples += block.length;
  return new Blob([wavHeader(samples, rate), ...blocks], { type: "audio/wav" });
}
