"""The one audio format inside the offline engines, and files made into it."""

import io

from local_stack.provider.generated.reader import UnreadableError, opened

SAMPLE_RATE = 16_000
"""Hertz; PCM s16le mono."""
BYTES_PER_SECOND = 2 * SAMPLE_RATE
MAX_SECONDS = 1_800


def read_audio(data: bytes, *, max_seconds: int = MAX_SECONDS) -> bytes:
    """Decode any container and codec to PCM s16le mono 16 kHz.

    Raises:
        UnreadableError: It is no audio file, or longer than `max_seconds`.
    """
    pcm = bytearray()
    with opened(io.BytesIO(data)) as sound:
        for piece in sound.pcm(SAMPLE_RATE):
            pcm += piece
            if len(pcm) > max_seconds * BYTES_PER_SECOND:
                raise UnreadableError(f"The audio is longer than {max_seconds} s.")
    if not pcm:
        raise UnreadableError("The file holds no sound that can be decoded.")
    return bytes(pcm)
