"""How alike two words sound, roughly and in any language.

`frontend/src/match/likeness.ts` is the same in TypeScript.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_MAX_LETTERS: Final = 60
"""Longer ones are no misheard word."""
_SPELLINGS: Final = (
    ("tch", "C"), ("sch", "S"), ("ch", "C"), ("sh", "S"), ("ph", "f"), ("th", "0"), ("ck", "k"),
    ("ght", "t"), ("gh", ""), ("kn", "n"), ("wr", "r"), ("wh", "w"), ("qu", "kw"), ("x", "ks"),
    ("ce", "se"), ("ci", "si"), ("cy", "si"), ("c", "k"), ("q", "k"), ("dg", "j"), ("z", "s"),
    ("mb$", "m"), ("e$", ""),
)  # fmt: skip
"""What is written in more than one way, in English above all."""
_NEAR: Final = ("aeiouyw", "bp", "dt0", "gk", "fv", "sSCj", "mn", "lr", "hw")
"""Sounds that are taken for one another."""
_NEAR_COST: Final = 0.4


def sound(key: str) -> str:
    """Return a word as it roughly sounds, one letter for each sound."""
    plain = "".join(
        one for one in unicodedata.normalize("NFD", key) if unicodedata.category(one) != "Mn"
    )
    for written, said in _SPELLINGS:
        if written.endswith("$"):
            if plain.endswith(written[:-1]) and len(plain) > len(written):
                plain = plain[: 1 - len(written)] + said
        else:
            plain = plain.replace(written, said)
    return re.sub(r"(.)\1+", r"\1", plain)


def likeness(one: str, other: str) -> float:
    """Return how alike two runs of words sound: 1 the same, 0 not at all.

    Args:
        one: The words' keys, joined.
        other: The same.
    """
    if len(one) > _MAX_LETTERS or len(other) > _MAX_LETTERS:
        return float(one == other)
    a, b = sound(one), sound(other)
    longer = max(len(a), len(b))
    if not longer:
        return 1.0
    row = [float(n) for n in range(len(b) + 1)]
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], float(i)
        for j, right in enumerate(b, 1):
            changed = before + _cost(left, right)
            before = row[j]
            row[j] = min(changed, row[j] + 1, row[j - 1] + 1)
    return 1 - row[-1] / longer


def _cost(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _NEAR_COST if any(one in near and other in near for near in _NEAR) else 1.0
