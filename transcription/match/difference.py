"""Two texts side by side: what is the same, what is said alike, what differs to the ear.

`frontend/src/match/difference.ts` is the same in TypeScript.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from transcription.match.alignment import Region, differences
from transcription.match.alternatives import alternatives
from transcription.match.likeness import sound, unlikeness

_MAX_CELLS: Final = 900
"""A larger difference is one: nobody wrote the same there in another way."""
_ALONE: Final = 0.75
"""What a word costs that the other side lacks; two of them cost more than a change."""
_PAIRED_LETTERS: Final = 12
"""Of a word's sound that tell which word it stands beside."""
_ALIKE: Final = 0.01
"""What another way to write costs, so that the same way comes first."""


class Step(NamedTuple):
    """Words `a0` to `a1` of one text beside words `b0` to `b1` of the other."""

    kind: Literal["same", "alike", "differ"]
    """`same` goes word by word; `alike` is said alike and written in another way."""
    a0: int
    a1: int
    b0: int
    b1: int


def compare(a: Sequence[str], b: Sequence[str], language: str) -> list[Step]:
    """Return two texts' words beside one another, from the first to the last, in steps."""
    steps: list[Step] = []
    i = j = 0
    for one in differences(a, b):
        if one.a0 > i:
            steps.append(Step("same", i, one.a0, j, one.b0))
        steps += _to_the_ear(a, b, one, language)
        i, j = one.a1, one.b1
    if i < len(a):
        steps.append(Step("same", i, len(a), j, len(b)))
    return steps


def _to_the_ear(a: Sequence[str], b: Sequence[str], place: Region, language: str) -> Iterator[Step]:
    """Part a difference where its words are said alike, and pair those that differ."""
    a0, a1, b0, b1 = place
    if not 0 < (a1 - a0) * (b1 - b0) <= _MAX_CELLS:
        yield Step("differ", *place)
        return
    ways_a = [(a[at], *alternatives(a[at], language)) for at in range(a0, a1)]
    ways_b = [(b[at], *alternatives(b[at], language)) for at in range(b0, b1)]
    sounds_a = [sound([key])[:_PAIRED_LETTERS] for key in a[a0:a1]]
    sounds_b = [sound([key])[:_PAIRED_LETTERS] for key in b[b0:b1]]
    width = b1 - b0 + 1
    cost = [math.inf] * ((a1 - a0 + 1) * width)
    back = [(-1, False)] * len(cost)
    cost[0] = 0.0

    def reach(at: int, i: int, j: int, price: float, *, same: bool) -> None:
        to = i * width + j
        if cost[at] + price < cost[to] - 1e-9:
            cost[to], back[to] = cost[at] + price, (at, same)

    for at in range(len(cost)):
        i, j = divmod(at, width)
        if i < a1 - a0:
            reach(at, i + 1, j, _ALONE, same=False)
            for way in ways_a[i]:
                if count := _span(way, b, b0 + j, b1):
                    price = 0.0 if way == b[b0 + j] == a[a0 + i] else _ALIKE
                    reach(at, i + 1, j + count, price, same=True)
        if j < b1 - b0:
            reach(at, i, j + 1, _ALONE, same=False)
            for way in ways_b[j]:
                if count := _span(way, a, a0 + i, a1):
                    reach(at, i + count, j + 1, _ALIKE, same=True)
        if i < a1 - a0 and j < b1 - b0:
            if not set(ways_a[i]).isdisjoint(ways_b[j]):
                reach(at, i + 1, j + 1, _ALIKE, same=True)
            change = (1 + unlikeness(sounds_a[i], sounds_b[j]).share) / 2
            reach(at, i + 1, j + 1, change, same=False)

    path = [(len(cost) - 1, False)]
    while path[-1][0] > 0:
        before, same = back[path[-1][0]]
        path[-1] = (path[-1][0], same)
        path.append((before, False))
    yield from _steps(path[::-1], place, width)


def _steps(path: Sequence[tuple[int, bool]], place: Region, width: int) -> Iterator[Step]:
    """Return a path as steps; differences that touch are one."""
    open_at: tuple[int, int] | None = None
    i, j = place.a0, place.b0
    for at, same in path[1:]:
        to_i, to_j = place.a0 + at // width, place.b0 + at % width
        if same:
            if open_at:
                yield Step("differ", open_at[0], i, open_at[1], j)
                open_at = None
            yield Step("alike", i, to_i, j, to_j)
        elif open_at is None:
            open_at = (i, j)
        i, j = to_i, to_j
    if open_at:
        yield Step("differ", open_at[0], i, open_at[1], j)


def _span(said: str, words: Sequence[str], begin: int, end: int) -> int:
    """Return how many words, joined, are what is said; 0 where they are not."""
    at, done = begin, 0
    while at < end and said.startswith(words[at], done):
        done += len(words[at])
        at += 1
        if done == len(said):
            return at - begin
    return 0
