"""Join two transcripts of one recording where the second begins before the first ends.

A resumed session hears the last seconds of its predecessor again, so that the end of the old
text and the beginning of the new one say the same words. The seam is found by an overlap
alignment (semi-global Needleman-Wunsch) of the last words of the old text with the first of
the new one, of at most `WINDOW` words each:

- Words are compared without case and punctuation. In scripts without spaces every character
  is a word.
- An equal pair scores 2 (a character 1); a pair that begins or ends alike (half of the longer
  word or all of the shorter) 0; every other pair, and every word left over on one side, -1.
  The first new word may be cut: left over or unequal it costs 0.
- Words of the old text before the alignment are free; so is the rest of the new text once the
  old one ends. A new text that ends before the old one lies inside it, if the score is at least
  half of what its words could score.
- Of equal scores the one with more equal pairs wins, then one that reaches the old text's end,
  then the one that uses less of the new text.
- Below `MIN_SCORE` there is no seam, and the texts follow one another.

Up to the last equal pair the old text stands, which had more context; after it the new one. A
text that lies inside the old one adds nothing.
"""

import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile
from re import compile as pattern
from typing import Final

WINDOW: Final = 80
"""Words of each text that are compared; a rewind of ten seconds holds fewer."""
WIDEST: Final = 320
"""Those where nothing fits among them: a session may begin more than a minute before the end."""
MIN_SCORE: Final = 2
"""One equal word, or two equal characters, more than what speaks against it."""
SETTLE_WORDS: Final = 8
"""New words after which a seam that was not found is taken for absent."""

# Ideographic marks, kana, CJK ideographs, Thai, Lao, Myanmar, Khmer.
_UNSPACED: Final = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_WORD: Final = pattern(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_CHARACTER: Final = pattern(rf"[{_UNSPACED}]")
# Full-width forms and CJK punctuation, which no space follows either.
_NO_SPACE: Final = pattern(rf"[{_UNSPACED}\u3000-\u3004\u3008-\u303f\uff00-\uff65]")


@dataclass(frozen=True, slots=True)
class _Word:
    key: str
    """As compared: NFKC, lower case, letters, marks and digits only."""
    start: int
    """Offset in its text."""
    end: int
    weight: int
    """Score of an equal pair."""


@dataclass(frozen=True, slots=True)
class _Seam:
    old: int
    """Index of the last equal pair's old word."""
    new: int
    """Index of its new word."""
    inside: bool
    """Whether the new text ends before the old one does."""


_Pair = tuple[int, int]
_POINT: Final = 256
"""One point of score; below it, equal pairs are counted."""


def _is_spoken(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _words(text: str) -> Iterator[_Word]:
    """Yield the words of `text`; what is punctuation alone is none."""
    for found in _WORD.finditer(text):
        spoken = [at for at, character in enumerate(found[0]) if _is_spoken(character)]
        if not spoken:
            continue
        folded = unicodedata.normalize("NFKC", found[0]).lower()
        yield _Word(
            key="".join(filter(_is_spoken, folded)),
            start=found.start() + spoken[0],
            end=found.start() + spoken[-1] + 1,
            weight=1 if _CHARACTER.match(found[0]) else 2,
        )


def _shared(one: str, other: str) -> int:
    """Return how many characters two words share at their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@lru_cache(maxsize=8192)
def _resemble(one: str, other: str) -> bool:
    """Whether two words begin or end alike: half of the longer one or all of the shorter."""
    common = max(_shared(one, other), _shared(one[::-1], other[::-1]))
    shorter, longer = sorted((len(one), len(other)))
    return common == shorter or 2 * common >= longer


@lru_cache(maxsize=4)
def _tail(text: str, window: int) -> tuple[_Word, ...]:
    return tuple(deque(_words(text), maxlen=window))


@lru_cache(maxsize=4)  # a text that grows soon grows behind the window
def _align(old: tuple[_Word, ...], new: tuple[_Word, ...]) -> _Seam | None:
    """Return the best alignment of the end of `old` with the beginning of `new`.

    A cell holds the best alignment that ends there, as its score and, to decide between equal
    scores, its equal pairs: `score * _POINT + pairs`. Beside it stands its last equal pair.
    """
    best, seam = MIN_SCORE * _POINT, None
    row: list[int] = [0, *range(0, -_POINT * len(new), -_POINT)]
    lasts: list[_Pair | None] = [None] * len(row)
    needed = sum(word.weight for word in new) * _POINT / 2
    for i, mine in enumerate(old):
        above, above_lasts = row, lasts
        row, lasts = [0], [None]
        for j, theirs in enumerate(new):
            cell, last = above[j], above_lasts[j]
            if mine.key == theirs.key:
                cell, last = cell + mine.weight * _POINT + 1, (i, j)
            elif j > 0 and not _resemble(mine.key, theirs.key):
                cell -= _POINT
            if above[j + 1] - _POINT > cell:
                cell, last = above[j + 1] - _POINT, above_lasts[j + 1]
            if (left := row[j] - (_POINT if j > 0 else 0)) > cell:
                cell, last = left, lasts[j]
            row.append(cell)
            lasts.append(last)
        # The new text lies within the old one: more must speak for that than a common phrase.
        if row[-1] >= max(best, needed) and (pair := lasts[-1]):
            best, seam = row[-1], _Seam(*pair, inside=i + 1 < len(old))
    for cell, pair in zip(row, lasts, strict=True):
        if pair and (cell > best or (cell == best and (seam is None or seam.inside))):
            best, seam = cell, _Seam(*pair, inside=False)
    return seam


def _follow(old: str, new: str) -> str:
    """Put one text after the other, with a space where the scripts want one."""
    if old != old.rstrip():
        return old + new.lstrip()
    if not old or not any(map(_is_spoken, new)) or new != new.lstrip():
        return old + new
    if _NO_SPACE.match(old[-1]) or _NO_SPACE.match(new[0]):
        return old + new
    return f"{old} {new}"


def find(old: str, new: str) -> str | None:
    """Return `old` and `new` joined at their overlap, None when no overlap is found."""
    known = tuple(islice(_words(new), WIDEST + 1))
    window = WINDOW
    seam = _align(_tail(old, window), known[:window])
    if seam is None and len(known) > window:
        window = WIDEST
        seam = _align(_tail(old, window), known[:window])
    if seam is None:
        return None
    tail, head = _tail(old, window), known[:window]
    rest = new[head[seam.new].end :]
    # What a text within the old one says otherwise at its end, the old one says with more context.
    is_inside = seam.inside and len(known) <= window
    if is_inside or not rest.strip():
        return old
    return old[: tail[seam.old].end] + rest


def join(old: str, new: str) -> str:
    """Return the transcript of the whole, each word once.

    Args:
        old: Text of the recording up to somewhere.
        new: Text of the same recording from somewhat before that.
    """
    joined = find(old, new)
    return _follow(old, new) if joined is None else joined


def join_growing(old: str, new: str) -> str:
    """Return the transcript while `new` still grows: `old` alone until the seam is clear."""
    joined = find(old, new)
    if joined is not None:
        return joined
    settled = len(list(islice(_words(new), SETTLE_WORDS))) == SETTLE_WORDS
    return _follow(old, new) if settled else old
