"""When the words of a text are said, by the times of a transcription.

`frontend/src/match/times.ts` is the same in TypeScript.
"""

from collections.abc import Sequence
from typing import NamedTuple

from transcription.match.difference import Step
from transcription.match.words import split


class Span(NamedTuple):
    """A stretch of audio, in seconds from its beginning."""

    start: float
    end: float


class Timed(NamedTuple):
    """A word or a segment, as the provider gives it."""

    text: str
    start: float
    end: float


def spread(parts: Sequence[Timed]) -> tuple[list[str], list[Span]]:
    """Return each word of words or segments with its time; those of one share that by length."""
    words: list[str] = []
    spans: list[Span] = []
    for part in parts:
        keys = [word.key for word in split(part.text)]
        letters = sum(map(len, keys))
        at = part.start
        for key in keys:
            until = at + max(0.0, part.end - part.start) * len(key) / letters
            spans.append(Span(at, until))
            at = until
        words += keys
    return words, spans


def filled(times: Sequence[Span | None]) -> list[Span]:
    """Return times in which a word without one is said in no time, after the one before it.

    Of fewer than half of the words nothing is known: they have no times.
    """
    if sum(one is not None for one in times) * 2 < len(times):
        return []
    spans: list[Span] = []
    at = 0.0
    for one in times:
        spans.append(one or Span(at, at))
        at = spans[-1].end
    return spans


def join(count: int, steps: Sequence[Step], spans: Sequence[Span]) -> list[Span | None]:
    """Return the time of each word of a text that a timed text goes with.

    Args:
        count: Words of the text.
        steps: The text beside the timed text.
        spans: The time of each word of the timed text.

    Returns:
        Words that differ share the time of what was heard in their place; None where nothing was.
    """
    times: list[Span | None] = [None] * count
    for kind, a0, a1, b0, b1 in steps:
        if kind == "same":
            times[a0:a1] = spans[b0:b1]
        elif a0 < a1 and b0 < b1:
            start, end = spans[b0].start, max(spans[b0].start, spans[b1 - 1].end)
            for at in range(a0, a1):
                part = (end - start) / (a1 - a0)
                times[at] = Span(start + (at - a0) * part, start + (at - a0 + 1) * part)
    return times
