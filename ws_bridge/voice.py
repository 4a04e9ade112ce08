"""Is somebody speaking? Rough, cheap, for the watchdog alone."""

from operator import mul
from typing import Final

THRESHOLD_DBFS: Final = -42.0
"""RMS above which a frame counts as voice: rooms are below -50 dBFS, speech above -35."""
_STRIDE: Final = 37
"""One sample in so many is enough for an energy; a prime, so that no tone hides between them."""
_THRESHOLD_SQUARED: Final = (32_768 * 10 ** (THRESHOLD_DBFS / 20)) ** 2


def is_voice(pcm: bytes) -> bool:
    """Tell whether a frame of PCM s16le is louder than a quiet room."""
    samples = memoryview(pcm).cast("h")[::_STRIDE].tolist()
    return bool(samples) and sum(map(mul, samples, samples)) > _THRESHOLD_SQUARED * len(samples)
