"""What a recording is like: levels, noise, clipping. The page's `measure.ts` finds the same."""

import math
from array import array
from collections.abc import Sequence
from operator import mul
from typing import Final

from shared_schema.bundles import Measures

FLOOR_DBFS: Final = -96.0
_WINDOW_SECONDS: Final = 0.02
_FULL_SCALE: Final = 32_768
_CLIPPED: Final = round(0.99 * _FULL_SCALE)
_CLIP_RUN: Final = 3
_PAUSE_WINDOWS: Final = 5
"""In which the room is heard: a pause between words is as long."""
_SPEECH_OVER_NOISE_DB: Final = 10.0
_SPEECH_FLOOR_DBFS: Final = -60.0
"""Nothing quieter is speech."""
_NOISE_CEILING_DBFS: Final = -25.0
"""Nothing louder is only noise: speech without a pause is still speech."""


class Measure:
    """Measures mono 16-bit samples as they come.

    Args:
        rate: Samples per second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._window = max(1, round(rate * _WINDOW_SECONDS))
        self._energies: list[float] = []
        """Mean square of each window, full scale 1."""
        self._rest = array("h")
        self._samples = 0
        self._peak = 0
        self._clip_run = 0
        self._clipped_runs = 0

    def push(self, pcm: bytes) -> None:
        """Add samples, in the machine's own byte order."""
        new = array("h", pcm)
        if not new:
            return
        self._samples += len(new)
        high, low = max(new), min(new)
        peak = max(high, -low)
        self._peak = max(self._peak, peak)
        if peak >= _CLIPPED:
            self._count_clipped(new)
        else:
            self._clip_run = 0
        samples = self._rest + new
        whole = len(samples) - len(samples) % self._window
        scale = self._window * _FULL_SCALE**2
        for start in range(0, whole, self._window):
            window = samples[start : start + self._window]
            self._energies.append(sum(map(mul, window, window)) / scale)
        self._rest = samples[whole:]

    def result(self) -> Measures:
        """Return what was found so far."""
        levels = [_dbfs(energy) for energy in self._energies]
        spoken = _spoken(levels)
        seconds = self._samples / self._rate
        energy = sum(self._energies[at] for at in spoken) / max(1, len(spoken))
        step = self._window / self._rate
        return Measures(
            peak_dbfs=round(_dbfs((self._peak / _FULL_SCALE) ** 2), 1),
            speech_dbfs=round(_dbfs(energy), 1),
            noise_dbfs=round(self._room_dbfs(), 1),
            clipped_runs=self._clipped_runs,
            leading_silence_seconds=round(spoken[0] * step if spoken else seconds, 2),
            trailing_silence_seconds=round(
                max(0.0, seconds - (spoken[-1] + 1) * step) if spoken else seconds, 2
            ),
        )

    def _count_clipped(self, samples: "array[int]") -> None:
        for sample in samples:
            if -_CLIPPED < sample < _CLIPPED:
                self._clip_run = 0
                continue
            self._clip_run += 1
            if self._clip_run == _CLIP_RUN:
                self._clipped_runs += 1

    def _room_dbfs(self) -> float:
        """Return the quietest stretch: speech without a pause longer than that is no noise."""
        stretches = (
            self._energies[at : at + _PAUSE_WINDOWS]
            for at in range(len(self._energies) - _PAUSE_WINDOWS + 1)
        )
        # Dropped out, or muted: no room sounds like that.
        least = min((sum(one) for one in stretches if 0 not in one), default=0.0)
        return min(_dbfs(least / _PAUSE_WINDOWS), _NOISE_CEILING_DBFS)


def _spoken(levels: Sequence[float]) -> list[int]:
    """Return which windows are speech."""
    quietest = sorted(levels)[len(levels) // 10] if levels else FLOOR_DBFS
    threshold = max(min(quietest, _NOISE_CEILING_DBFS) + _SPEECH_OVER_NOISE_DB, _SPEECH_FLOOR_DBFS)
    return [at for at, level in enumerate(levels) if level >= threshold]


def _dbfs(energy: float) -> float:
    """Return a mean square (full scale 1) in decibels."""
    return max(FLOOR_DBFS, 10 * math.log10(energy)) if energy > 0 else FLOOR_DBFS
