"""A recording in memory, from its first sample, to be sent and sent again."""

from operator import mul
from typing import Final

from shared_schema.audio import BYTES_PER_SAMPLE, BYTES_PER_SECOND, FRAME_BYTES, whole_samples

MAX_RECORDING_SECONDS: Final = 1800.0
"""Longest recording that is kept: 57.6 MB, as many minutes as a signed-in user has in a day."""
_STRIDE: Final = 13
"""One sample in so many is enough for an energy; a prime, so that no tone hides between them."""
_LOUD: Final = (32_768 * 10 ** (-42 / 20)) ** 2
"""Energy of a frame below which it is no voice, -42 dBFS, as the bridge has it."""
_ABOVE_SOFTEST: Final = 4
"""A voice is so much louder than its softest frame: 6 dB. A steady noise is not."""
_LISTENED: Final = 100
"""Frames in which the softest one is looked for: ten seconds."""
_VOICED: Final = 5
"""Frames that make a voice."""


class Recording:
    """Mono PCM, signed 16-bit little-endian, 16 kHz, that only grows.

    Args:
        max_seconds: Where it is full.
    """

    def __init__(self, max_seconds: float = MAX_RECORDING_SECONDS) -> None:
        self._pcm = bytearray()
        self._limit = whole_samples(max_seconds)

    def __len__(self) -> int:
        """Bytes of whole samples."""
        return len(self._pcm) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self) / BYTES_PER_SECOND

    @property
    def full(self) -> bool:
        """Whether nothing more is kept."""
        return len(self._pcm) >= self._limit

    def append(self, pcm: bytes) -> None:
        """Keep `pcm`, which may end within a sample; what does not fit any more is dropped."""
        self._pcm += pcm[: self._limit - len(self._pcm)]

    def frame(self, start: int, *, rest: bool) -> bytes:
        """Return the frame that begins at byte `start`.

        Args:
            start: Offset in bytes, even.
            rest: Whether a short frame will do because no more audio comes.

        Returns:
            `FRAME_BYTES`, fewer only with `rest`, or nothing.
        """
        end = min(start + FRAME_BYTES, len(self))
        return bytes(self._pcm[start:end]) if rest or end - start == FRAME_BYTES else b""

    def has_voice(self, start: int, end: int) -> bool:
        """Tell whether half a second or more between two places is probably a voice."""
        energies: list[float] = []
        for at in range(end - FRAME_BYTES, -1, -FRAME_BYTES):
            if at < start and len(energies) >= _LISTENED:
                break
            energies.append(_energy(self._pcm[at : at + FRAME_BYTES]))
        loud = max(_LOUD, _ABOVE_SOFTEST * min(energies, default=0.0))
        between = energies[: max(0, (end - start) // FRAME_BYTES)]
        return sum(each > loud for each in between) >= _VOICED

    def pcm(self) -> bytes:
        """Return a copy of it all."""
        return bytes(self._pcm[: len(self)])


def _energy(frame: bytearray) -> float:
    """Return the mean square of a frame around its mean."""
    samples = memoryview(frame).cast("h")[::_STRIDE].tolist()
    mean = sum(samples) / len(samples)
    square: float = sum(map(mul, samples, samples)) / len(samples)
    return square - mean * mean
