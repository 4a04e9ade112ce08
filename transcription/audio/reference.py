"""The recording of a bundle: mono, 16-bit, at the rate that an engine wants.

Synchronous, and C code on a stranger's bytes: only `transcription.audio.worker` runs this.
"""

import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from shared_schema.levels import PAUSE_SECONDS
from transcription.audio.container import reading
from transcription.audio.measure import measures_of
from transcription.errors import InvalidAudio
from transcription.match.levels import Voice, levels_of

MAX_RATE: Final = 48_000
_BYTES: Final = 2
_SPARE_SECONDS: Final = 0.01
"""A resampler may round up, by some samples."""
_HEARD_RATE: Final = 16_000
MAX_STRETCHES: Final = 1000
"""Of voice that are told; in a longer recording they are joined."""


def voice_in(source: BinaryIO) -> Voice:
    """Return where someone speaks in a recording, at its beginning.

    Raises:
        InvalidAudio: the source cannot be decoded.
    """
    with reading(source) as sound:
        levels = levels_of(sound.pcm(_HEARD_RATE), _HEARD_RATE)
    pause = PAUSE_SECONDS
    while len(stretches := levels.stretches(pause)) > MAX_STRETCHES:
        pause *= 2
    return Voice(levels.seconds, stretches)


@dataclass(frozen=True, slots=True)
class Reference:
    """What was written."""

    sample_rate: int
    """Hertz."""
    duration_seconds: float
    measures: dict[str, float]
    """The fields of `shared_schema.bundles.Measures`."""


def write_reference(
    source: BinaryIO, target: BinaryIO, rate: int | None, max_seconds: float
) -> Reference:
    """Write a recording as a WAV for an engine, and tell what it is like.

    Args:
        source: The recording, at its beginning.
        target: Where the WAV goes.
        rate: Samples per second; the recording's own, up to 48 kHz, when None.
        max_seconds: Of the WAV.

    Raises:
        InvalidAudio: the source cannot be decoded, or lasts longer.
        OSError: the target cannot be written.
    """
    with reading(source) as sound, wave.open(target, "wb") as copy:
        rate = rate or min(sound.stream.codec_context.sample_rate, MAX_RATE)
        copy.setparams((1, _BYTES, rate, 0, "NONE", ""))
        most = _BYTES * round(max_seconds * rate)
        length = peak = 0

        def written() -> Iterator[bytes]:
            nonlocal length, peak
            for piece in sound.pcm(rate):
                kept = piece[: max(0, most - length)]
                length += len(piece)
                if length > most + _BYTES * rate * _SPARE_SECONDS:
                    raise InvalidAudio(f"The recording lasts more than {max_seconds:g} s.")
                if kept:
                    copy.writeframesraw(kept)
                    samples = array("h", kept)
                    high, low = max(samples), min(samples)
                    peak = max(peak, high, -low)
                    yield kept

        levels = levels_of(written(), rate)
    return Reference(rate, round(levels.seconds, 3), measures_of(levels, peak))
