"""How loud a recording is from moment to moment, and where someone speaks.

`frontend/src/match/levels.ts` is the same in TypeScript.
"""

import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import mul

from shared_schema.levels import (
    BLIP_SECONDS,
    CLIP_LEVEL,
    CLIP_RUN,
    FLOOR_DBFS,
    NOISE_CEILING,
    PAUSE_SECONDS,
    SPEECH_FLOOR,
    SPEECH_OVER_NOISE,
    VOICE_UNDER_SPEECH,
    WINDOW_SECONDS,
)
from transcription.match.times import Span

_FULL_SCALE = 32_768
_CLIPPED = math.floor(CLIP_LEVEL * _FULL_SCALE + 0.5)


@dataclass(frozen=True, slots=True)
class Voice:
    """Where someone speaks.

    Attributes:
        seconds: The length of the audio.
        stretches: Each with voice, in order; None where only the length is known.
    """

    seconds: float
    stretches: Sequence[Span] | None = None

    @property
    def spoken_seconds(self) -> float:
        """Seconds of voice, the short pauses between words counted; all of them where unknown."""
        if self.stretches is None:
            return self.seconds
        return sum(one.end - one.start for one in self.stretches)


@dataclass(frozen=True, slots=True)
class Levels:
    """A recording in windows of `window_seconds`.

    Attributes:
        seconds: Its length.
        window_seconds: The length of a window; the last one may be cut off, and is left out.
        dbfs: The level of each window (RMS).
        clipped: Whether samples of a window are clipped.
        threshold: The level from which a window is no silence, dBFS.
        speech_dbfs: The level of what is no silence (RMS).
    """

    seconds: float
    window_seconds: float
    dbfs: tuple[float, ...]
    clipped: tuple[bool, ...]
    threshold: float
    speech_dbfs: float

    def stretches(
        self, pause_seconds: float = PAUSE_SECONDS, threshold: float | None = None
    ) -> list[Span]:
        """Return where someone speaks, in order.

        Args:
            pause_seconds: Shorter pauses are inside of a stretch.
            threshold: The level of voice, dBFS; by the level of speech when None.
        """
        if threshold is None:
            threshold = max(self.threshold, self.speech_dbfs - VOICE_UNDER_SPEECH)
        pause = pause_seconds / self.window_seconds
        found: list[tuple[int, int]] = []
        for at, level in enumerate(self.dbfs):
            if level < threshold:
                continue
            if found and at - found[-1][1] < pause:
                found[-1] = (found[-1][0], at + 1)
            else:
                found.append((at, at + 1))
        return [
            Span(begin * self.window_seconds, end * self.window_seconds)
            for begin, end in found
            if (end - begin) * self.window_seconds >= BLIP_SECONDS
        ]


def levels_of(pcm: Iterable[bytes], rate: int) -> Levels:
    """Measure PCM s16le mono, piece by piece: the pieces are not kept.

    It takes about 0.1 s of CPU for a minute at 16 kHz.
    """
    size = max(1, math.floor(rate * WINDOW_SECONDS + 0.5))
    energies: list[float] = []
    clipped: list[bool] = []
    rest = b""
    count = 0
    for piece in pcm:
        data = rest + piece
        whole = len(data) - len(data) % (2 * size)
        rest = data[whole:]
        samples = array("h", data[:whole])
        if sys.byteorder == "big":
            samples.byteswap()
        for at in range(0, len(samples), size):
            window = samples[at : at + size]
            energies.append(sum(map(mul, window, window)) / size / _FULL_SCALE**2)
            clipped.append(_is_clipped(window))
        count += len(samples)
    dbfs = tuple(map(_dbfs, energies))
    floor = min(sorted(dbfs)[len(dbfs) // 10] if dbfs else FLOOR_DBFS, NOISE_CEILING)
    threshold = max(floor + SPEECH_OVER_NOISE, SPEECH_FLOOR)
    spoken = [energy for energy, level in zip(energies, dbfs, strict=True) if level >= threshold]
    return Levels(
        seconds=(count + len(rest) // 2) / rate,
        window_seconds=size / rate,
        dbfs=dbfs,
        clipped=tuple(clipped),
        threshold=threshold,
        speech_dbfs=_dbfs(sum(spoken) / len(spoken)) if spoken else FLOOR_DBFS,
    )


def _dbfs(energy: float) -> float:
    return max(FLOOR_DBFS, 10 * math.log10(energy)) if energy > 0 else FLOOR_DBFS


def _is_clipped(window: "array[int]") -> bool:
    if max(window) < _CLIPPED and min(window) > -_CLIPPED:
        return False
    run = 0
    for one in window:
        run = run + 1 if abs(one) >= _CLIPPED else 0
        if run == CLIP_RUN:
            return True
    return False
