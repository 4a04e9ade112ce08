"""Where two lists of words differ.

`frontend/src/match/alignment.ts` is the same in TypeScript.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

MAX_CELLS: Final = 1_000_000
"""Pairs of words that are compared at most, all together: a second. Beyond, what is left between
two common places is one difference."""
_LEAF_CELLS: Final = 250_000
"""Pairs of words that are compared at once: a quarter of a megabyte."""
_ANCHOR_WORDS: Final = (3, 1)
"""Words in a row that stand once in both lists, where these are long."""
_MAX_DEPTH: Final = 16
"""So often is what lies between two common places parted again."""


class Region(NamedTuple):
    """Words `a0` to `a1` of one list stand where the other has its words `b0` to `b1`."""

    a0: int
    a1: int
    b0: int
    b1: int


def differences(a: Sequence[str], b: Sequence[str]) -> list[Region]:
    """Return the places where two lists differ, in order; none touches the next.

    With few words the fewest that must be put in, left out or changed. Long lists are first
    parted where both have the same words once.
    """
    search = _Search(a, b)
    search.between(Region(0, len(a), 0, len(b)), _MAX_DEPTH)
    return _slid(a, b, _touching(search.found))


def _slid(a: Sequence[str], b: Sequence[str], regions: list[Region]) -> list[Region]:
    """Move words that only one list has to its beginning or end, where they may be as well there.

    Of "it was day, it was night" beside "it was night" the beginning was cut off.
    """
    if regions and _is_one_sided(regions[0]):
        a0, a1, b0, b1 = regions[0]
        words, end = (a, a1) if a0 < a1 else (b, b1)
        if a0 == b0 and words[:a0] == words[end - a0 : end]:
            regions[0] = Region(0, a1 - a0, 0, b1 - b0)
    if regions and _is_one_sided(regions[-1]):
        a0, a1, b0, b1 = regions[-1]
        words, begin, left = (a, a0, len(a) - a1) if a0 < a1 else (b, b0, len(b) - b1)
        if left == len(a) - a1 == len(b) - b1 and (
            words[len(words) - left :] == words[begin : begin + left]
        ):
            regions[-1] = Region(a0 + left, len(a), b0 + left, len(b))
    return regions


def _is_one_sided(place: Region) -> bool:
    return place.a0 == place.a1 or place.b0 == place.b1


def _touching(regions: list[Region]) -> list[Region]:
    """Make one of those that touch."""
    merged: list[Region] = []
    for one in regions:
        if merged and merged[-1].a1 == one.a0 and merged[-1].b1 == one.b0:
            merged[-1] = Region(merged[-1].a0, one.a1, merged[-1].b0, one.b1)
        else:
            merged.append(one)
    return merged


class _Search:
    """Two lists, and what has been found."""

    def __init__(self, a: Sequence[str], b: Sequence[str]) -> None:
        self._a = a
        self._b = b
        self._cells = MAX_CELLS
        self.found: list[Region] = []

    def between(self, place: Region, depth: int) -> None:
        """Find the differences within a place."""
        a, b = self._a, self._b
        a0, a1, b0, b1 = place
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
        rest = Region(a0, a1, b0, b1)
        cells = (a1 - a0) * (b1 - b0)
        if cells == 0:
            if a0 < a1 or b0 < b1:
                self.found.append(rest)
            return
        if cells <= _LEAF_CELLS:
            self._cells -= cells
            self.found.extend(_fewest(a, b, rest) if self._cells >= 0 else [rest])
            return
        for count in _ANCHOR_WORDS if depth > 0 else ():
            anchors = _anchors(a, b, rest, count)
            if not anchors:
                continue
            for i, j in anchors:
                if i >= a0 and j >= b0:
                    self.between(Region(a0, i, b0, j), depth - 1)
                    a0, b0 = i + count, j + count
            self.between(Region(a0, a1, b0, b1), depth - 1)
            return
        self.found.append(rest)


def _anchors(
    a: Sequence[str], b: Sequence[str], place: Region, count: int
) -> list[tuple[int, int]]:
    """Return the longest chain of places where both have the same words, each but once."""
    once_a = _once(a, place.a0, place.a1, count)
    once_b = _once(b, place.b0, place.b1, count)
    pairs = [(i, once_b[words]) for words, i in once_a.items() if words in once_b]
    # The longest increasing run, by patience: `a` is in order already.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for at, (_, j) in enumerate(pairs):
        pile = bisect_left(ends, j)
        before.append(last[pile - 1] if pile else -1)
        ends[pile : pile + 1] = [j]
        last[pile : pile + 1] = [at]
    chain: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _once(words: Sequence[str], begin: int, end: int, count: int) -> dict[str, int]:
    """Return where each run of words stands that stands but once, in order."""
    places: dict[str, int] = {}
    for at in range(begin, end - count + 1):
        run = "\n".join(words[at : at + count])
        places[run] = -1 if run in places else at
    return {run: at for run, at in places.items() if at >= 0}


def _fewest(a: Sequence[str], b: Sequence[str], place: Region) -> list[Region]:
    """Return the differences that take the fewest changes (Levenshtein)."""
    a0, a1, b0, b1 = place
    width = b1 - b0 + 1
    steps = bytearray((a1 - a0 + 1) * width)  # 0 same or changed, 1 left out of b, 2 put in by b
    steps[1:width] = b"\x02" * (width - 1)
    row = list(range(width))
    for i in range(a0, a1):
        above = row
        row = [above[0] + 1] + [0] * (width - 1)
        base = (i - a0 + 1) * width
        steps[base] = 1
        word = a[i]
        left = row[0]
        for j in range(1, width):
            cost = above[j - 1] + (word != b[b0 + j - 1])
            step = 0
            if above[j] + 1 < cost:
                cost, step = above[j] + 1, 1
            if left + 1 < cost:
                cost, step = left + 1, 2
            row[j] = left = cost
            steps[base + j] = step
    found: list[Region] = []
    i, j = a1, b1
    while i > a0 or j > b0:
        step = steps[(i - a0) * width + j - b0]
        if step == 0:
            i, j = i - 1, j - 1
            if a[i] != b[j]:
                found.append(Region(i, i + 1, j, j + 1))
        elif step == 1:
            i -= 1
            found.append(Region(i, i + 1, j, j))
        else:
            j -= 1
            found.append(Region(i, i, j, j + 1))
    return _touching(found[::-1])
