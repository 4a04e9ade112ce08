"""The best part of a recording: from pause to pause, as long as an engine wants.

`frontend/src/match/window.ts` is the same in TypeScript.
"""

import math
from itertools import accumulate, pairwise
from typing import Final

from shared_schema.levels import FLOOR_DBFS, PAUSE_SECONDS
from transcription.match.levels import Levels
from transcription.match.times import Span

_EDGE_SECONDS: Final = 0.3
"""Of a pause that are left at an end, at most; the other half belongs to what is cut off."""
_MIN_END_SECONDS: Final = 0.1
"""A recording with less before its first voice, or after its last, may begin or end in a word."""
_GOOD_PAUSE_SECONDS: Final = 0.6
"""A pause this long parts sentences."""
_GOOD_LEVEL: Final = (-40.0, -20.0)
"""From this level, dBFS, to this one more is better."""
_GOOD_SNR: Final = (10.0, 40.0)
"""From this distance of voice and room, decibels, to this one more is better."""
_WEIGHTS: Final = (1.0, 0.5, 0.5, 1.0, 1.0)
"""Of voice, level, distance from the noise, absence of clipping, pauses at the ends."""


def propose(levels: Levels, min_seconds: float, max_seconds: float) -> Span | None:
    """Return the best stretch that begins and ends in a pause and is as long as is wanted.

    Returns:
        Seconds; None where no two pauses are that far apart.
    """
    voices = levels.stretches(PAUSE_SECONDS, levels.threshold)
    if not voices:
        return None
    pauses = [Span(one.end, other.start) for one, other in pairwise(voices)]
    pauses = [Span(0.0, voices[0].start), *pauses, Span(voices[-1].end, levels.seconds)]
    cut = [one.end - one.start >= _MIN_END_SECONDS for one in pauses]
    sums = _Sums(levels)
    best: tuple[float, Span] | None = None
    for at, before in enumerate(pauses):
        if not cut[at]:
            continue
        start = before.end - _edge(before, whole=at == 0)
        for to in range(at + 1, len(pauses)):
            after = pauses[to]
            end = after.start + _edge(after, whole=to == len(pauses) - 1)
            if end - start < min_seconds or not cut[to]:
                continue
            if end - start > max_seconds:
                break
            shorter = min(
                math.inf if at == 0 else before.end - before.start,
                math.inf if to == len(pauses) - 1 else after.end - after.start,
            )
            score = sums.score(Span(start, end)) + _WEIGHTS[4] * _share(
                shorter, PAUSE_SECONDS, _GOOD_PAUSE_SECONDS
            )
            if best is None or score > best[0] + 1e-9:
                best = (score, Span(start, end))
    return best and best[1]


def _edge(pause: Span, *, whole: bool) -> float:
    """Return how much of a pause belongs to the voice beside it."""
    return min(_EDGE_SECONDS, (pause.end - pause.start) / (1 if whole else 2))


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


class _Sums:
    """Sums up to each window, so that any stretch is measured at once."""

    def __init__(self, levels: Levels) -> None:
        energies = [10 ** (level / 10) for level in levels.dbfs]
        spoken = [level >= levels.threshold for level in levels.dbfs]
        self._window = levels.window_seconds
        self._spoken = [0, *accumulate(spoken)]
        self._voice = [0.0, *accumulate(e * s for e, s in zip(energies, spoken, strict=True))]
        self._room = [0.0, *accumulate(e * (not s) for e, s in zip(energies, spoken, strict=True))]
        self._clipped = [0, *accumulate(levels.clipped)]

    def score(self, span: Span) -> float:
        """Return how good a stretch is, its ends aside."""
        first = math.floor(span.start / self._window + 0.5)
        last = min(math.floor(span.end / self._window + 0.5), len(self._spoken) - 1)
        count = max(1, last - first)
        spoken = self._spoken[last] - self._spoken[first]
        voice = _mean_dbfs(self._voice[last] - self._voice[first], spoken)
        room = _mean_dbfs(self._room[last] - self._room[first], count - spoken)
        clipped = self._clipped[last] - self._clipped[first]
        return (
            _WEIGHTS[0] * spoken / count
            + _WEIGHTS[1] * _share(voice, *_GOOD_LEVEL)
            + _WEIGHTS[2] * _share(voice - room, *_GOOD_SNR)
            + _WEIGHTS[3] / (1 + clipped)
        )


def _mean_dbfs(energy: float, count: int) -> float:
    return max(FLOOR_DBFS, 10 * math.log10(energy / count)) if count and energy > 0 else FLOOR_DBFS
