/**
 * What an audio file really is: told by its content and never by its name, and measured from its
 * packets, never from a container's clock or a header's claim. Nothing is decoded.
 */

import {
  type EncodedPacket,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  InputDisposedError,
  MATROSKA,
  MP4,
  QTFF,
  UnsupportedInputFormatError,
  WEBM,
} from "mediabunny";
import { BoundedSource } from "./bounded_source.ts";
import { type Format, heldBytes, mediaOf, withoutZeros } from "./containers.ts";
import { Failure } from "./failure.ts";
import { isFlac, measureFlac } from "./flac.ts";
import { FILES } from "./generated/files.ts";
import { kindOf, warn } from "./log.ts";
import { IN_PARTS, invalid, Measured, UNCOMMON, unsupported } from "./measured.ts";
import { isMp3, measureMp3 } from "./mp3.ts";
import { checkTables } from "./mp4.ts";
import { measureOgg } from "./ogg.ts";
import { aacSeconds, opusSeconds, type SecondsOf, vorbisSeconds } from "./packets.ts";
import type { Settings } from "./settings.ts";
import { isWav, measureWav } from "./wav.ts";
import { measureWebm } from "./webm.ts";

const { accepted: ACCEPTED } = FILES;
const HEADER_TOLERANCE_SECONDS = 1;
/** Encoders fill their last frame up: a recording of just the allowed length may come out longer. */
const PADDING_SECONDS = 0.1;
/** A spatial track beside an ordinary one, which other software does not decode. */
const UNHEARD = "apac";

const MIMES: Readonly<Record<Format, string>> = {
  wav: "audio/wav",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  flac: "audio/flac",
  ogg: "audio/ogg",
  webm: "audio/webm",
};

interface Kind {
  readonly format: Format;
  readonly codecs: readonly string[];
}

/** By the library's name of the container. */
const KINDS: Readonly<Record<string, Kind>> = {
  "MP4": { format: "m4a", codecs: ["aac", "opus"] },
  "QuickTime File Format": { format: "m4a", codecs: ["aac", "opus"] },
  "WebM": { format: "webm", codecs: ["opus", "vorbis"] },
  "Matroska": { format: "webm", codecs: ["opus", "vorbis"] },
};
const FORMATS = [MP4, QTFF, WEBM, MATROSKA];

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
  const { minAudioSeconds: least, maxAudioSeconds: most } = limits;
  const measured = new Measured(2 * most);
  const format = await measure(bytes, measured);
  if (!(measured.seconds > 0)) throw invalid("The file holds no sound that can be read.");
  const seconds = Math.round(measured.seconds * 1000) / 1000;
  if (seconds > most + PADDING_SECONDS) {
    const figure = measured.isEnough ? `more than ${2 * most} s` : `${seconds} s`;
    throw invalid(`The recording lasts ${figure}; at most ${most} s are allowed.`);
  }
  checkWhole(format, bytes, measured);
  if (seconds < least) {
    throw invalid(`The recording lasts ${seconds} s; at least ${least} s are needed.`);
  }
  return { bytes, mime: MIMES[format], extension: format, seconds };
}

/** Add a file's packets up, and return what kind of file it is. */
async function measure(file: Uint8Array<ArrayBuffer>, measured: Measured): Promise<Format> {
  if (isWav(file)) {
    measureWav(file, measured);
    return "wav";
  }
  if (startOf(file).startsWith("OggS")) {
    measureOgg(file, measured);
    return "ogg";
  }
  if (isFlac(file)) {
    measureFlac(file, measured);
    return "flac";
  }
  const input = new Input({ source: new BoundedSource(file), formats: FORMATS });
  try {
    return await measureInput(input, file, measured);
  } catch (error) {
    if (error instanceof Failure || error instanceof InputDisposedError) throw error;
    if (!(error instanceof UnsupportedInputFormatError)) {
      // The library throws plain errors at files that break its format's rules.
      warn("audio_not_read", { error: kindOf(error) });
      throw invalid("The file is damaged: it cannot be read as audio.");
    }
  } finally {
    input.dispose();
  }
  if (isMp3(file)) {
    measureMp3(file, measured);
    return "mp3";
  }
  if (looksAccepted(file)) throw invalid("The file is damaged: it cannot be read as audio.");
  throw unsupported(`This is no audio of an accepted format. ${ACCEPTED}`);
}

async function measureInput(
  input: Input,
  file: Uint8Array,
  measured: Measured,
): Promise<Format> {
  const kind = KINDS[(await input.getFormat()).name];
  if (kind === undefined) throw unsupported(`This is no audio of an accepted format. ${ACCEPTED}`);
  if (kind.format === "m4a") checkTables(file);
  const track = await soundTrack(input, kind);
  const secondsOf = await secondsBy(track);
  if (kind.format === "webm") {
    measureWebm(withoutZeros(file), track.id, secondsOf, measured);
    return "webm";
  }
  const sink = new EncodedPacketSink(track);
  const isMedia = mediaOf(file);
  let last: EncodedPacket | undefined;
  for await (const packet of sink.packets()) {
    const { data } = packet;
    measured.add(secondsOf(data), data.length);
    if (measured.isEnough) return kind.format;
    if (!isMedia(data)) throw invalid(IN_PARTS);
    last = packet;
  }
  // The library stops at a packet that lies outside of the file.
  if (last && await sink.getNextPacket(last, { metadataOnly: true })) throw invalid(IN_PARTS);
  return kind.format;
}

async function soundTrack(input: Input, kind: Kind): Promise<InputAudioTrack> {
  const tracks = await input.getTracks();
  if (tracks.some((track) => track.isVideoTrack())) {
    throw unsupported("This is a video. Send its sound alone.");
  }
  const sounds = tracks.filter((track) => track.isAudioTrack())
    .filter((track) => track.internalCodecId !== UNHEARD);
  const [track] = sounds;
  if (track === undefined) throw invalid("The file holds no sound.");
  if (sounds.length > 1) {
    throw unsupported("The file holds several sound tracks. Send one alone.");
  }
  const codec = await track.getCodec();
  if (codec === null || !kind.codecs.includes(codec)) {
    const what = `${kind.format.toUpperCase()} with ${codec ?? "an unknown codec"}`;
    throw unsupported(`${what} is not accepted. ${ACCEPTED}`);
  }
  return track;
}

/** Return how long each packet of a track lasts, by its codec's own configuration. */
async function secondsBy(track: InputAudioTrack): Promise<SecondsOf> {
  const [codec, config] = [await track.getCodec(), await track.getDecoderConfig()];
  const description = config?.description === undefined ? undefined : bytesOf(config.description);
  let secondsOf: SecondsOf | undefined;
  if (codec === "opus") secondsOf = opusSeconds;
  if (codec === "aac" && description !== undefined) secondsOf = aacSeconds(description);
  if (codec === "vorbis" && description !== undefined) {
    const [id, , setup] = laced(description);
    if (id !== undefined && setup !== undefined) secondsOf = vorbisSeconds(id, setup);
  }
  if (secondsOf === undefined) {
    throw unsupported(UNCOMMON);
  }
  return secondsOf;
}

/** Refuse a file that holds more than was measured: another reader may hear the rest. */
function checkWhole(format: Format, file: Uint8Array, measured: Measured): void {
  const held = heldBytes(file, format);
  if (held === undefined) return;
  const more = measured.seconds * held / measured.bytes;
  if (more - measured.seconds <= HEADER_TOLERANCE_SECONDS) return;
  const [claimed, there] = [measured.seconds.toFixed(1), more.toFixed(1)];
  throw invalid(
    format === "wav"
      ? `The file's header is wrong: it claims ${claimed} s where ${there} s are.`
      : `The file is damaged: ${claimed} s can be read where ${there} s are.`,
  );
}

/** The three headers of Vorbis, laced as in Matroska's CodecPrivate (RFC 9559, section 5.3.1). */
function laced(description: Uint8Array): Uint8Array[] {
  if (description[0] !== 2) return [];
  let at = 1;
  const sizes = [0, 1].map(() => {
    let size = 0;
    while (description[at] === 255) size += description[at++] ?? 0;
    return size + (description[at++] ?? 0);
  });
  const [first = 0, second = 0] = sizes;
  return [
    description.subarray(at, at + first),
    description.subarray(at + first, at + first + second),
    description.subarray(at + first + second),
  ];
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** Whether the first bytes are those of an accepted format. */
function looksAccepted(file: Uint8Array): boolean {
  const start = startOf(file);
  return start.slice(4, 8) === "ftyp" ||
    ["ID3", "\x1aE\xdf\xa3"].some((magic) => start.startsWith(magic));
}

function startOf(file: Uint8Array): string {
  return String.fromCharCode(...file.subarray(0, 12));
}
