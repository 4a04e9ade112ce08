"""A recording in memory, from its first sample, to be sent and sent again."""

from typing import Final

from shared_schema.audio import BYTES_PER_SAMPLE, BYTES_PER_SECOND, FRAME_BYTES, whole_samples

MAX_RECORDING_SECONDS: Final = 1800.0
"""Longest recording that is kept: 57.6 MB, as many minutes as a signed-in user has in a day."""


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

    def pcm(self) -> bytes:
        """Return a copy of it all."""
        return bytes(self._pcm[: len(self)])
