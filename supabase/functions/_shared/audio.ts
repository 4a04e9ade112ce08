/**
 * What an audio file really is: told by its content and never by its name, and measured from its
 * packets, never from a header's claim. Nothing is decoded.
 */

import {
  BufferSource,
  EncodedPacketSink,
  FLAC,
  Input,
  type InputAudioTrack,
  InputDisposedError,
  MATROSKA,
  MP3,
  MP4,
  OGG,
  QTFF,
  UnsupportedInputFormatError,
  WAVE,
  WEBM,
} from "mediabunny";
import { flacMetadataBytes, id3Bytes, oggStreams, riffSoundBytes } from "./containers.ts";
import { Failure } from "./failure.ts";
import { kindOf, warn } from "./log.ts";
import { aacSeconds, opusSeconds } from "./packets.ts";
import type { Settings } from "./settings.ts";

const ACCEPTED = "Send WAV, MP3, M4A (AAC), FLAC, or Ogg or WebM with Opus.";
/** Opus packets of 2.5 ms fill five minutes with 120,000. */
const MAX_PACKETS = 150_000;
const HEADER_TOLERANCE_SECONDS = 1;
/** Encoders fill their last frame up: a recording of just the allowed length may come out longer. */
const PADDING_SECONDS = 0.1;
/** Of a file that is neither sound nor known to be something else: for each packet, and at all. */
const OVERHEAD_BYTES = { perPacket: 64, atAll: 64 * 1024 };

export type Format = "wav" | "mp3" | "m4a" | "flac" | "ogg" | "webm";

interface Kind {
  readonly format: Format;
  readonly mime: string;
  readonly accepts: (codec: string) => boolean;
}

/** By the library's name of the container. */
const KINDS: Readonly<Record<string, Kind>> = {
  "WAVE": { format: "wav", mime: "audio/wav", accepts: (codec) => /^pcm|law$/.test(codec) },
  "MP3": { format: "mp3", mime: "audio/mpeg", accepts: (codec) => codec === "mp3" },
  "MP4": { format: "m4a", mime: "audio/mp4", accepts: (codec) => codec === "aac" },
  "QuickTime File Format": {
    format: "m4a",
    mime: "audio/mp4",
    accepts: (codec) => codec === "aac",
  },
  "FLAC": { format: "flac", mime: "audio/flac", accepts: (codec) => codec === "flac" },
  "Ogg": { format: "ogg", mime: "audio/ogg", accepts: (codec) => /^(opus|vorbis)$/.test(codec) },
  "WebM": { format: "webm", mime: "audio/webm", accepts: (codec) => /^(opus|vorbis)$/.test(codec) },
  "Matroska": {
    format: "webm",
    mime: "audio/webm",
    accepts: (codec) => /^(opus|vorbis)$/.test(codec),
  },
};
const FORMATS = [WAVE, MP4, QTFF, WEBM, MATROSKA, OGG, FLAC, MP3];

export interface AudioFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mime: string;
  /** Without the dot. */
  readonly extension: Format;
  /** To the millisecond. */
  readonly seconds: number;
}

/**
 * Tell what a file is.
 *
 * @throws {Failure} `unsupported_audio`: it is of no accepted format, has pictures, or several
 *   sound tracks; `invalid_audio`: it cannot be read, its header lies, or it is too short or long.
 */
export async function inspect(
  bytes: Uint8Array<ArrayBuffer>,
  limits: Pick<Settings, "minAudioSeconds" | "maxAudioSeconds">,
): Promise<AudioFile> {
  if (bytes.length === 0) throw invalid("The file is empty.");
  const input = new Input({ source: new BufferSource(bytes), formats: FORMATS });
  try {
    return await inspectOpened(input, bytes, limits);
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof UnsupportedInputFormatError) {
      if (looksAccepted(bytes)) {
        throw invalid("The file is damaged: it cannot be read as audio.");
      }
      throw unsupported(`This is no audio of an accepted format. ${ACCEPTED}`);
    }
    if (error instanceof InputDisposedError) throw error;
    // The library throws plain errors at files that break its format's rules.
    warn("audio_not_read", { error: kindOf(error) });
    throw invalid("The file is damaged: it cannot be read as audio.");
  } finally {
    input.dispose();
  }
}

async function inspectOpened(
  input: Input,
  bytes: Uint8Array<ArrayBuffer>,
  limits: Pick<Settings, "minAudioSeconds" | "maxAudioSeconds">,
): Promise<AudioFile> {
  const { minAudioSeconds: least, maxAudioSeconds: most } = limits;
  const name = (await input.getFormat()).name;
  const kind = KINDS[name];
  if (kind === undefined) {
    throw unsupported(`This is no audio of an accepted format. ${ACCEPTED}`);
  }
  const track = await soundTrack(input, kind, bytes);
  const measured = await measure(track, 2 * most);
  const seconds = Math.round(measured.seconds * 1000) / 1000;
  if (seconds > most + PADDING_SECONDS) {
    const figure = seconds > 2 * most ? `more than ${2 * most} s` : `${seconds} s`;
    throw invalid(`The recording lasts ${figure}; at most ${most} s are allowed.`);
  }
  checkWhole(kind.format, bytes, measured);
  if (seconds < least) {
    throw invalid(`The recording lasts ${seconds} s; at least ${least} s are needed.`);
  }
  return { bytes, mime: kind.mime, extension: kind.format, seconds };
}

async function soundTrack(
  input: Input,
  kind: Kind,
  bytes: Uint8Array,
): Promise<InputAudioTrack> {
  const tracks = await input.getTracks();
  if (tracks.some((track) => track.isVideoTrack())) {
    throw unsupported("This is a video. Send its sound alone.");
  }
  const sounds = tracks.filter((track) => track.isAudioTrack());
  const [track] = sounds;
  if (track === undefined) {
    // The library passes over Ogg streams that it does not know.
    if (kind.format === "ogg") throw unsupported(`Ogg with an unknown codec. ${ACCEPTED}`);
    throw invalid("The file holds no sound.");
  }
  if (sounds.length > 1 || (kind.format === "ogg" && oggStreams(bytes) > 1)) {
    throw unsupported("The file holds several sound tracks. Send one alone.");
  }
  const codec = await track.getCodec();
  if (codec === null || !kind.accepts(codec)) {
    const what = `${kind.format.toUpperCase()} with ${codec ?? "an unknown codec"}`;
    throw unsupported(`${what} is not accepted. ${ACCEPTED}`);
  }
  return track;
}

interface Measured {
  seconds: number;
  packets: number;
  bytes: number;
}

/** Add packets up, as far as it matters: by how much a file is too long, and no more of a day. */
async function measure(track: InputAudioTrack, enough: number): Promise<Measured> {
  const codec = await track.getCodec();
  const description = (await track.getDecoderConfig())?.description;
  const aac = codec === "aac" && description !== undefined
    ? aacSeconds(bytesOf(description))
    : undefined;
  const measured: Measured = { seconds: 0, packets: 0, bytes: 0 };
  const packets = new EncodedPacketSink(track)
    .packets(undefined, undefined, { metadataOnly: codec !== "opus" });
  for await (const packet of packets) {
    measured.packets += 1;
    measured.bytes += packet.byteLength;
    measured.seconds += codec === "opus" ? opusSeconds(packet.data) : aac ?? packet.duration;
    if (measured.packets > MAX_PACKETS) throw invalid("The file is cut into too many pieces.");
    if (measured.seconds > enough) break;
  }
  if (!(measured.seconds > 0)) throw invalid("The file holds no sound that can be read.");
  return measured;
}

/** Refuse a file that holds more than was measured: another reader may hear the rest. */
function checkWhole(format: Format, file: Uint8Array, measured: Measured): void {
  if (format === "m4a") return; // every reader follows its tables, which name the packets
  if (format === "wav") {
    const held = measured.seconds * riffSoundBytes(file) / measured.bytes;
    if (held - measured.seconds > HEADER_TOLERANCE_SECONDS) {
      const [claimed, true_] = [measured.seconds.toFixed(1), held.toFixed(1)];
      throw invalid(`The file's header is wrong: it claims ${claimed} s where ${true_} s are.`);
    }
    return;
  }
  const known = format === "mp3" ? id3Bytes(file) : format === "flac" ? flacMetadataBytes(file) : 0;
  const allowed = OVERHEAD_BYTES.atAll + OVERHEAD_BYTES.perPacket * measured.packets;
  if (file.length - known - measured.bytes > allowed) {
    throw invalid("The file is damaged: parts of it cannot be read.");
  }
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** Whether the first bytes are those of an accepted format. */
function looksAccepted(file: Uint8Array): boolean {
  const start = String.fromCharCode(...file.subarray(0, 12));
  return (start.startsWith("RIFF") && start.endsWith("WAVE")) || start.slice(4, 8) === "ftyp" ||
    ["fLaC", "OggS", "ID3", "\x1aE\xdf\xa3"].some((magic) => start.startsWith(magic));
}

function invalid(message: string): Failure {
  return new Failure("invalid_audio", message);
}

function unsupported(message: string): Failure {
  return new Failure("unsupported_audio", message);
}
