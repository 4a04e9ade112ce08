"""How unlike two runs of words sound, roughly: what a recogniser takes for one another is alike.

`frontend/src/match/likeness.ts` is the same in TypeScript. Costs and limits are measured:
`bench/exactness.py`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from shared_schema.spoken import IRREGULAR, SPELLINGS

_MAX_LETTERS: Final = 60
"""Longer ones are no misheard word."""
_MAX_WORDS: Final = 12
"""More are not searched for words that were put in."""
_WORD_COST: Final = 1.25
"""A word that is as short as this may be a part of another."""
_LONG_WORD_COST: Final = 2.0
"""A word that is as long as this is no part of another."""
_ANOTHER_COST: Final = 1.5
_ANOTHER_SHARE: Final = 0.72
"""Beyond both a word that stands among others is another word."""
_WORD_SLACK: Final = 0.2
"""What a word that was put in may have in common with its neighbours."""
_VOWELS: Final = "aeiouyаеиоуыэюяієαειουωη"
_GLIDES: Final = "hwrlхрлρλ"
_NEAR: Final = (
    *("bp", "dt0", "gk", "fv", "sSCj", "mn", "lrw"),
    *("бп", "дт", "гкх", "вф", "зсц", "жшщч", "мн", "лр"),
)
"""Sounds that are taken for one another."""
_VOWEL_CHANGED, _NEAR_CHANGED, _CHANGED, _KIND_CHANGED = 0.2, 0.4, 0.9, 1.3
_VOWEL_ALONE, _GLIDE_ALONE, _ALONE = 0.4, 0.4, 0.8
MISHEARD_COST: Final = 1.0
"""Less than this any word may be misheard by."""
MISHEARD_SHARE: Final = 0.6
"""Less than this of what is said may be misheard."""
MISHEARD_PARTED_SHARE: Final = 0.7
"""The same, where it was heard as more words, or as fewer."""


class Unlikeness(NamedTuple):
    """How far two sounds are from one another."""

    cost: float
    """Of turning one into the other; about 1 for a consonant."""
    share: float
    """Of the longer one, up to 1."""


def may_be_misheard(said: Sequence[str], heard: Sequence[str]) -> bool:
    """Return whether a recogniser may have taken one run of words for the other."""
    cost, share = unlikeness(sound(said), sound(heard))
    if _holds_more(said, heard, cost) or _holds_more(heard, said, cost):
        return False
    if len(said) == len(heard) > 1 and any(
        _is_another([one], [other]) for one, other in zip(said, heard, strict=True)
    ):
        return False
    most = MISHEARD_SHARE if len(said) == len(heard) else MISHEARD_PARTED_SHARE
    return cost <= MISHEARD_COST or share <= most


def _is_another(said: Sequence[str], heard: Sequence[str]) -> bool:
    """Return whether a word among others is another word, alike as the others may be."""
    cost, share = unlikeness(sound(said), sound(heard))
    return cost > _ANOTHER_COST and share > _ANOTHER_SHARE


def _holds_more(more: Sequence[str], less: Sequence[str], cost: float) -> bool:
    """Return whether one run of words sounds like the other with whole words put in.

    Args:
        more: The longer run.
        less: The shorter one.
        cost: How far they are from one another.
    """
    if len(more) > _MAX_WORDS:
        return False
    for count in range(1, len(more) - len(less) + 1):
        for at in range(len(more) - count + 1):
            put_in = sum(map(_alone, sound(more[at : at + count])))
            if not (_WORD_COST < put_in <= cost + _WORD_SLACK or put_in >= _LONG_WORD_COST):
                continue  # it is no whole word, or its sounds are in the other run
            rest = sound([*more[:at], *more[at + count :]])
            if unlikeness(rest, sound(less)).cost <= MISHEARD_COST:
                return True
    return False


def sound(keys: Iterable[str]) -> str:
    """Return words as they roughly sound, one letter for each sound, by English spelling."""
    return re.sub(r"(.)\1+", r"\1", "".join(map(_sound, keys)))


def _sound(key: str) -> str:
    if said := IRREGULAR.get(key):
        return said
    plain = "".join(
        one for one in unicodedata.normalize("NFD", key) if unicodedata.category(one) != "Mn"
    )
    for written, said in SPELLINGS:
        plain = plain.replace(written, said)
    if len(plain) > 3 and plain.endswith("ed"):
        plain = plain[:-2] + "d"
    elif len(plain) > 3 and plain.endswith("e"):
        plain = plain[:-1]
    return plain.removesuffix("b") if plain.endswith("mb") else plain


def unlikeness(a: str, b: str) -> Unlikeness:
    """Return how far two sounds are from one another."""
    if len(a) > _MAX_LETTERS or len(b) > _MAX_LETTERS:
        return Unlikeness(0.0, 0.0) if a == b else Unlikeness(float(_MAX_LETTERS), 1.0)
    row = [0.0]
    for right in b:
        row.append(row[-1] + _alone(right))
    longer = row[-1]
    for left in a:
        before = row[0]
        row[0] += _alone(left)
        for j, right in enumerate(b, 1):
            changed = before + _changed(left, right)
            before = row[j]
            row[j] = min(changed, row[j] + _alone(left), row[j - 1] + _alone(right))
    longer = max(longer, row[0])
    return Unlikeness(row[-1], min(1.0, row[-1] / longer) if longer else 0.0)


def _alone(one: str) -> float:
    if one in _VOWELS:
        return _VOWEL_ALONE
    return _GLIDE_ALONE if one in _GLIDES else _ALONE


@lru_cache(maxsize=4096)
def _changed(one: str, other: str) -> float:
    if one == other:
        return 0.0
    vowels = (one in _VOWELS) + (other in _VOWELS)
    if vowels == 2:
        return _VOWEL_CHANGED
    if any(one in near and other in near for near in _NEAR):
        return _NEAR_CHANGED
    return _KIND_CHANGED if vowels or not (one.isascii() and other.isascii()) else _CHANGED
