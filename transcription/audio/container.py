"""What an audio file really is, told by decoding it.

Synchronous, and C code on a stranger's bytes: only `transcription.audio.worker` runs this.
"""

import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

import av
from av.audio.frame import AudioFrame
from av.stream import Disposition

from shared_schema.files import ACCEPTED, BY_MIME, FileFormat, FormatName, known_head
from transcription.audio.parts import TooManyPartsError, sound_bytes
from transcription.audio.reader import NotOpenedError, Sound, UnreadableError, opened
from transcription.errors import InvalidAudio, PayloadTooLarge, UnsupportedAudio

HEADER_TOLERANCE_SECONDS: Final = 1.0
PADDING_SECONDS: Final = 0.1
"""Encoders fill frames up: a recording of just the allowed length may come out longer."""
COPY_RATE: Final = 16_000
COPY_MIME: Final = "audio/wav"

FORMATS: Final = {
    "wav": BY_MIME["audio/wav"],
    "mp3": BY_MIME["audio/mpeg"],
    "mov,mp4,m4a,3gp,3g2,mj2": BY_MIME["audio/mp4"],
    "flac": BY_MIME["audio/flac"],
    "ogg": BY_MIME["audio/ogg"],
    "matroska,webm": BY_MIME["audio/webm"],
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
    """Hertz, of the first frame."""
    channels: int


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What a file may be."""

    min_seconds: float
    max_seconds: float
    max_bytes: int


def inspect(
    file: BinaryIO, limits: AudioLimits, claims: Callable[[float], None] = lambda _: None
) -> AudioInfo:
    """Decode a file and tell what it is.

    Args:
        file: At its beginning.
        limits: What it may be.
        claims: Given the seconds that it claims to last, before any is decoded.

    Raises:
        PayloadTooLarge: it is above the size limit.
        UnsupportedAudio: it is of no accepted format, has pictures, or several sound tracks.
        InvalidAudio: it cannot be decoded, its header lies, or it is too short or too long.
    """
    size = os.fstat(file.fileno()).st_size
    if size > limits.max_bytes:
        raise PayloadTooLarge(f"The file is larger than {limits.max_bytes:,} bytes.")
    if size == 0:
        raise InvalidAudio("The file is empty.")
    with reading(file) as sound:
        kind = _kind(sound)
        claims(_claimed(sound, limits))
        seconds, rate, channels = _measured(sound, limits)
        _check_whole(file, sound, seconds)
    if seconds < limits.min_seconds:
        raise InvalidAudio(
            f"The recording lasts {seconds:g} s; at least {limits.min_seconds:g} s are needed."
        )
    return AudioInfo(kind.extension, kind.mime, kind.extension, seconds, rate, channels)


def copy_to_16k_wav(source: BinaryIO, target: BinaryIO) -> None:
    """Write a copy as mono 16-bit PCM at 16 kHz, which is all that providers hear.

    Raises:
        InvalidAudio: the source cannot be decoded.
        OSError: the target cannot be written.
    """
    with reading(source) as sound, av.open(target, "w", format="wav") as copy:
        stream = copy.add_stream("pcm_s16le", rate=COPY_RATE)
        stream.layout = "mono"
        for piece in sound.pcm(COPY_RATE):
            copy.mux(stream.encode(_frame(piece)))
        copy.mux(stream.encode(None))


@contextmanager
def reading(file: BinaryIO) -> Iterator[Sound]:
    """Open a file, at its beginning, and say what is wrong with one that cannot be read.

    Raises:
        UnsupportedAudio: It is of no accepted format.
        InvalidAudio: It cannot be decoded.
    """
    start = file.read(12)
    file.seek(0)
    try:
        with opened(file, formats=FORMATS) as sound:
            yield sound
    except UnreadableError as error:
        raise _refusal(error, start) from None


def _frame(pcm: bytes) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.sample_rate = COPY_RATE
    frame.planes[0].update(pcm)
    return frame


def _kind(sound: Sound) -> FileFormat:
    """Return what kind of file it is.

    Raises:
        UnreadableError: It is of none that is accepted.
    """
    kind = FORMATS.get(sound.container.format.name)
    if kind is None:
        raise UnreadableError("This is no audio of an accepted format.", unsupported=True)
    if any(not s.disposition & Disposition.attached_pic for s in sound.container.streams.video):
        raise UnreadableError("This is a video. Send its sound alone.", unsupported=True)
    if sound.codec not in kind.codecs:
        message = f"{kind.title} with {sound.codec} is not accepted. {ACCEPTED}"
        raise UnreadableError(message, unsupported=True)
    return kind


def _claimed(sound: Sound, limits: AudioLimits) -> float:
    """Return what is to be decoded at most, in seconds."""
    claimed = sound.container.duration
    most = 2 * limits.max_seconds
    return min(claimed / av.time_base, most) if claimed and claimed > 0 else most


def _measured(sound: Sound, limits: AudioLimits) -> tuple[float, int, int]:
    """Return a track's seconds, to the millisecond, and its first frame's rate and channels.

    Raises:
        UnreadableError: It cannot be decoded.
        InvalidAudio: It is too long.
    """
    # Enough to tell by how much it is too long, and no more of a day of silence.
    most, enough = limits.max_seconds, 2 * limits.max_seconds
    seconds, rate, channels = 0.0, 0, 0
    for frame in sound.frames():
        if not rate:
            rate, channels = frame.sample_rate, frame.layout.nb_channels
        seconds += frame.samples / frame.sample_rate
        if seconds > enough:
            break
    if not rate:
        raise UnreadableError("The file holds no sound that can be decoded.")
    seconds = round(seconds, 3)
    if seconds > most + PADDING_SECONDS:
        figure = f"more than {enough:g} s" if seconds > enough else f"{seconds:g} s"
        raise InvalidAudio(f"The recording lasts {figure}; at most {most:g} s are allowed.")
    return seconds, rate, channels


def _check_whole(file: BinaryIO, sound: Sound, seconds: float) -> None:
    """Refuse a file that holds more than was decoded: another reader may hear the rest.

    What a header claims too much is no matter: `seconds` were really there.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        try:
            held = sound_bytes(whole, sound.container.format.name)
        except TooManyPartsError:
            raise UnreadableError("The file is cut into too many pieces.") from None
    if held is None:
        return
    more = seconds * held / max(1, sound.packet_bytes)
    if more - seconds > HEADER_TOLERANCE_SECONDS:
        if sound.container.format.name == "wav":
            message = f"The file's header is wrong: it claims {seconds:g} s where {more:.1f} s are."
        else:
            message = f"The file is damaged: {seconds:g} s can be read where {more:.1f} s are."
        raise UnreadableError(message)


def _refusal(error: UnreadableError, start: bytes) -> InvalidAudio | UnsupportedAudio:
    """Return the error of a file that begins with these 12 bytes."""
    known = known_head(start) in {kind.title for kind in FORMATS.values()}
    if isinstance(error, NotOpenedError) and not known:
        return UnsupportedAudio(f"This is no audio of an accepted format. {ACCEPTED}")
    return UnsupportedAudio(error.message) if error.unsupported else InvalidAudio(error.message)
