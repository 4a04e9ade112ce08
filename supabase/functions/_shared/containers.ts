/** What of a file is not sound, told by walking its parts: what a demuxer passes over can hide some. */

/** Bytes that a RIFF file holds as sound; what cannot be read as its parts counts as sound. */
export function riffSoundBytes(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let total = 0;
  let position = 12;
  while (position + 8 <= file.length) {
    const name = String.fromCharCode(...file.subarray(position, position + 4));
    const length = view.getUint32(position + 4, true);
    position += 8;
    if (position + length > file.length || !/^[\x20-\x7e]{4}$/.test(name)) {
      return total + file.length - position;
    }
    if (name === "data") total += length;
    position += length + length % 2;
  }
  return total;
}

/** Bytes of an ID3v2 tag before an MP3's first frame (id3.org, ID3v2.4.0, section 3.1). */
export function id3Bytes(file: Uint8Array): number {
  if (String.fromCharCode(...file.subarray(0, 3)) !== "ID3" || file.length < 10) return 0;
  const [a = 0, b = 0, c = 0, d = 0] = file.subarray(6, 10);
  return 10 + ((a & 127) << 21 | (b & 127) << 14 | (c & 127) << 7 | d & 127);
}

/** Bytes of a FLAC file's metadata (RFC 9639, section 8.1). */
export function flacMetadataBytes(file: Uint8Array): number {
  let position = 4;
  while (position + 4 <= file.length) {
    const [head = 0, a = 0, b = 0, c = 0] = file.subarray(position, position + 4);
    position += 4 + (a << 16 | b << 8 | c);
    if (head & 128) break;
  }
  return position;
}

/** How many streams begin in an Ogg file (RFC 3533, section 6): chained or side by side. */
export function oggStreams(file: Uint8Array): number {
  let streams = 0;
  let position = 0;
  while (position + 27 <= file.length) {
    if (String.fromCharCode(...file.subarray(position, position + 4)) !== "OggS") {
      position = nextPage(file, position + 1);
      continue;
    }
    if ((file[position + 5] ?? 0) & 2) streams += 1;
    const lacing = file.subarray(position + 27, position + 27 + (file[position + 26] ?? 0));
    position += 27 + lacing.length + lacing.reduce((size, one) => size + one, 0);
  }
  return streams;
}

function nextPage(file: Uint8Array, from: number): number {
  for (let at = file.indexOf(79, from); at !== -1; at = file.indexOf(79, at + 1)) {
    if (file[at + 1] === 103 && file[at + 2] === 103 && file[at + 3] === 83) return at;
  }
  return file.length;
}
