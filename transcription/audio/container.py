"""What an audio file really is, told by decoding it.

Synchronous, and C code on a stranger's bytes: only `transcription.audio.worker` runs this.
"""

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from transcription.errors import Capacity, InvalidAudio, PayloadTooLarge, UnsupportedAudio

FormatName = Literal["wav", "mp3", "m4a", "flac", "ogg", "webm"]

ACCEPTED: Final = "Send WAV, MP3, M4A (AAC), FLAC, or Ogg or WebM with Opus."
MAX_PACKETS: Final = 1_000_000
MAX_BROKEN_PACKETS: Final = 10_000
MAX_BROKEN_SHARE: Final = 0.05
"""More packets that cannot be decoded than this, and the file counts as broken."""
HEADER_TOLERANCE_SECONDS: Final = 1.0
PADDING_SECONDS: Final = 0.1
"""Encoders fill their last frame up: a recording of just the allowed length may come out longer."""
COPY_RATE: Final = 16_000
COPY_MIME: Final = "audio/wav"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that is accepted."""

    name: FormatName
    mime: str
    extension: str
    """Without the dot."""
    codecs: tuple[str, ...]
    """As FFmpeg names them; a prefix with `*`."""

    def accepts(self, codec: str) -> bool:
        """Whether a stream of this codec may be in such a file."""
        return any(
            codec.startswith(name[:-1]) if name.endswith("*") else codec == name
            for name in self.codecs
        )


FORMATS: Final = {
    "wav": Format("wav", "audio/wav", "wav", ("pcm_*",)),
    "mp3": Format("mp3", "audio/mpeg", "mp3", ("mp3",)),
    "mov,mp4,m4a,3gp,3g2,mj2": Format("m4a", "audio/mp4", "m4a", ("aac",)),
    "flac": Format("flac", "audio/flac", "flac", ("flac",)),
    "ogg": Format("ogg", "audio/ogg", "ogg", ("opus", "vorbis", "flac")),
    "matroska,webm": Format("webm", "audio/webm", "webm", ("opus", "vorbis")),
}
"""By FFmpeg's name of the container."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file holds."""

    format: FormatName
    mime: str
    extension: str
    """Without the dot."""
    duration_seconds: float
    """As decoded, to the millisecond."""
    sample_rate: int
    """Hertz."""
    channels: int


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What a file may be."""

    min_seconds: float
    max_seconds: float
    max_bytes: int


def inspect(path: Path, limits: AudioLimits) -> AudioInfo:
    """Decode a file and tell what it is.

    Raises:
        PayloadTooLarge: it is above the size limit.
        UnsupportedAudio: it is of no accepted format, has pictures, or several sound tracks.
        InvalidAudio: it cannot be decoded, its header lies, or it is too short or too long.
    """
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise PayloadTooLarge(f"The file is larger than {limits.max_bytes:,} bytes.")
    if size == 0:
        raise InvalidAudio("The file is empty.")
    with _opened(path) as (file, container):
        kind = _format_of(container)
        # Enough to tell by how much it is too long, and no more of a day of silence.
        enough = 2 * limits.max_seconds
        seconds, rate, channels = 0.0, 0, 0
        sound = _Sound(container)
        for frame in sound:
            if not rate:
                rate, channels = frame.sample_rate, frame.layout.nb_channels
            seconds += frame.samples / frame.sample_rate
            if seconds > enough:
                break
        if not rate:
            raise InvalidAudio("The file holds no sound that can be decoded.")
        seconds = round(seconds, 3)
        if kind.name == "wav":
            _check_wav_header(file, size, seconds, sound.packet_bytes)
    if seconds < limits.min_seconds:
        raise InvalidAudio(
            f"The recording lasts {seconds:g} s; at least {limits.min_seconds:g} s are needed."
        )
    if seconds > limits.max_seconds + PADDING_SECONDS:
        figure = f"more than {enough:g} s" if seconds > enough else f"{seconds:g} s"
        raise InvalidAudio(
            f"The recording lasts {figure}; at most {limits.max_seconds:g} s are allowed."
        )
    return AudioInfo(kind.name, kind.mime, kind.extension, seconds, rate, channels)


def copy_to_16k_wav(source: Path, target: Path) -> None:
    """Write a copy as mono 16-bit PCM at 16 kHz, which is all that recognisers hear.

    Raises:
        InvalidAudio: the source cannot be decoded.
        Capacity: the disk is full.
    """
    try:
        _copy_to_16k_wav(source, target)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Capacity from None


def _copy_to_16k_wav(source: Path, target: Path) -> None:
    resampler = AudioResampler(format="s16", layout="mono", rate=COPY_RATE)
    with _opened(source) as (_, container), av.open(str(target), "w", format="wav") as copy:
        stream = copy.add_stream("pcm_s16le", rate=COPY_RATE)
        stream.layout = "mono"
        for frame in _Sound(container):
            frame.pts = None  # the samples follow one another, whatever the container says
            for piece in resampler.resample(frame):
                copy.mux(stream.encode(piece))
        for piece in resampler.resample(None):
            copy.mux(stream.encode(piece))
        copy.mux(stream.encode(None))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, InputContainer]]:
    # Opened by its descriptor, the file has no name whose ending could sway the guess; and the
    # lists keep playlists from opening other files or addresses.
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "none"}
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:
        start = file.read(12)
        file.seek(0)
        try:
            container = av.open(file, "r", options=options, metadata_errors="ignore")
        except (FFmpegError, ValueError, UnicodeError):
            if _looks_accepted(start):
                raise InvalidAudio("The file is damaged: it cannot be read as audio.") from None
            raise UnsupportedAudio(f"This is no audio of an accepted format. {ACCEPTED}") from None
        with container:
            yield file, container


def _looks_accepted(start: bytes) -> bool:
    """Whether the first 12 bytes are those of an accepted format."""
    return (
        (start[:4] == b"RIFF" and start[8:] == b"WAVE")
        or start.startswith((b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3"))
        or start[4:8] == b"ftyp"
    )


def _format_of(container: InputContainer) -> Format:
    kind = FORMATS.get(container.format.name)
    if kind is None:
        raise UnsupportedAudio(f"This is no audio of an accepted format. {ACCEPTED}")
    if any(not s.disposition & Disposition.attached_pic for s in container.streams.video):
        raise UnsupportedAudio("This is a video. Send its sound alone.")
    if not container.streams.audio:
        raise InvalidAudio("The file holds no sound.")
    if len(container.streams.audio) > 1:
        raise UnsupportedAudio("The file holds several sound tracks. Send one alone.")
    context = container.streams.audio[0].codec_context
    if context is None:
        raise UnsupportedAudio(f"{kind.name.upper()} with an unknown codec. {ACCEPTED}")
    codec = context.codec.canonical_name
    if not kind.accepts(codec):
        raise UnsupportedAudio(f"{kind.name.upper()} with {codec} is not accepted. {ACCEPTED}")
    return kind


class _Sound:
    """The frames of the sound track; single packets that are broken are passed over."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self.packet_bytes = 0

    def __iter__(self) -> Iterator[AudioFrame]:
        stream = self._container.streams.audio[0]
        stream.codec_context.thread_count = 1
        demuxer = self._container.demux(stream)
        packets = broken = 0
        while True:
            try:
                packet = next(demuxer, None)
            except FFmpegError:
                packet = None  # a file that ends in the middle holds what came before
            if packet is None:
                break
            packets += 1
            self.packet_bytes += packet.size
            if packets > MAX_PACKETS:
                raise InvalidAudio("The file is cut into too many pieces.")
            try:
                yield from packet.decode()
            except FFmpegError:
                broken += 1
                if broken > MAX_BROKEN_PACKETS:
                    break
        if broken > max(1, MAX_BROKEN_SHARE * packets):
            raise InvalidAudio("The file is damaged: parts of it cannot be decoded.")


def _check_wav_header(file: BinaryIO, size: int, seconds: float, packet_bytes: int) -> None:
    """Refuse a header that claims less than the file holds: another decoder may read the rest.

    What it claims too much is no matter: `seconds` were really there.
    """
    held = seconds * _sound_bytes(file, size) / packet_bytes
    if held - seconds > HEADER_TOLERANCE_SECONDS:
        raise InvalidAudio(
            f"The file's header is wrong: it claims {seconds:g} s where {held:.1f} s are."
        )


def _sound_bytes(file: BinaryIO, size: int) -> int:
    """Return how many bytes of a RIFF file are sound, or nothing else that is known."""
    total, position = 0, 12
    while position + 8 <= size:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        position += 8
        if position + length > size or not name.isascii() or not name.decode().isprintable():
            return total + size - position
        if name == b"data":
            total += length
        position += length + length % 2
    return total
