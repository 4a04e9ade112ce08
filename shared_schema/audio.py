"""PCM as it travels: mono, signed 16-bit little-endian, 16 kHz."""

from typing import Final, Literal

from shared_schema.base import Inbound

SAMPLE_RATE: Final = 16_000
"""Samples per second (Hz) of a realtime stream."""
BYTES_PER_SAMPLE: Final = 2
BYTES_PER_SECOND: Final = SAMPLE_RATE * BYTES_PER_SAMPLE
FRAME_MS: Final = 100
"""Usual length of a binary frame in milliseconds."""
FRAME_BYTES: Final = BYTES_PER_SECOND * FRAME_MS // 1000


class AudioFormat(Inbound):
    """The format of a realtime stream. Anything else is `unsupported_audio`."""

    encoding: Literal["pcm_s16le"]
    sample_rate: Literal[16_000]


def milliseconds(size: int) -> int:
    """Return how many whole milliseconds `size` bytes of stream audio last."""
    return size * 1000 // BYTES_PER_SECOND


def seconds(size: int) -> float:
    """Return how many seconds `size` bytes of stream audio last."""
    return size / BYTES_PER_SECOND


def whole_samples(duration: float) -> int:
    """Return the bytes of `duration` seconds of stream audio, cut to a whole sample."""
    return int(duration * SAMPLE_RATE) * BYTES_PER_SAMPLE
