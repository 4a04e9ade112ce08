"""A text as words that compare alike however they are written.

`frontend/src/match/words.ts` is the same in TypeScript.
"""

import math
import re
import unicodedata
from typing import Final, NamedTuple

SPACELESS: Final = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF)),
    *((0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F)),
    (0x20000, 0x3FFFF),
)
"""Scripts that are written without spaces: Thai, Lao, Burmese, Khmer, kana, Han."""
_JOINED: Final = frozenset((0x3099, 0x309A, 0xFF9E, 0xFF9F))
"""Marks of voice in kana, which belong to the character before them."""
_INSIDE: Final = frozenset("'’‘ʼ`´.·")
"""Between two letters these part nothing: don't, U.S., col·lega."""
_IN_NUMBERS: Final = frozenset(".,:'’\u202f\u00a0")
"""Between two digits these part nothing: 3.5, 1,000, 3:45."""
SPOKEN: Final = frozenset("%‰&+=@°$€£¥₹")
"""Signs that people say."""
CURRENCIES: Final = frozenset("$€£¥₹")
_ZEROS: Final = (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xED0, 0x1040, 0x17E0)
"""The zeros of other scripts; their digits follow them."""
_FOLDED: Final = str.maketrans(
    {"ß": "ss", "ς": "σ", "ё": "е", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه"}
    | {chr(zero + digit): str(digit) for zero in _ZEROS for digit in range(10)}
)
_UNSAID: Final = re.compile("[\u0591-\u05c7\u0640\u064b-\u0652\u0670\u200c-\u200f'’‘ʼ`´·]")
"""Vowel points of Hebrew and Arabic, joiners, apostrophes."""


class Word(NamedTuple):
    """One word of a text."""

    key: str
    """What it is compared by."""
    start: int
    """Its first character, counted in code points from 0."""
    end: int
    """After its last character."""


def rounded(value: float, parts: int) -> float:
    """Return a number that is not negative in whole parts of one, half a part rounded up.

    As `Math.round` does in the page; Python's own `round` takes half a part to the even one.
    """
    return math.floor(value * parts + 0.5) / parts


def is_spaceless(character: str) -> bool:
    """Tell whether a character is of a script without spaces."""
    code = ord(character)
    return any(first <= code <= last for first, last in SPACELESS)


def fold(text: str) -> str:
    """Return letters and digits without their case, form and vowel points."""
    return _UNSAID.sub("", unicodedata.normalize("NFKC", text).lower()).translate(_FOLDED)


def split(text: str) -> list[Word]:
    """Return the words of a text.

    Words are parted by white space, hyphens and punctuation. In scripts without spaces each
    character is a word. Signs that people say, such as %, are words; all others are none.
    """
    found: list[Word] = []
    begin = -1
    spaceless = False

    def close(end: int) -> None:
        nonlocal begin
        if begin >= 0:
            key = fold(text[begin:end].rstrip(".,:"))
            if key:
                found.append(Word(key, begin, begin + len(text[begin:end].rstrip(".,:'’"))))
            begin = -1

    for at, one in enumerate(text):
        kind = unicodedata.category(one)[0]
        if kind == "M" or ord(one) in _JOINED or unicodedata.category(one) == "Cf":
            continue
        if kind in "LN":
            alone = is_spaceless(one)
            if begin >= 0 and (alone or spaceless):
                close(at)
            if begin < 0:
                begin, spaceless = at, alone
        elif begin >= 0 and not spaceless and _joins(text, at):
            continue
        else:
            close(at)
            if one in CURRENCIES and text[at + 1 : at + 2].isdecimal():
                begin, spaceless = at, False  # "$5" is said as "five dollars"
            elif one in SPOKEN:
                found.append(Word(one, at, at + 1))
    close(len(text))
    return found


def _joins(text: str, at: int) -> bool:
    """Tell whether a mark stands inside a word or a number."""
    before, one, after = text[at - 1], text[at], text[at + 1 : at + 2]
    if before.isdecimal() and after.isdecimal():
        return one in _IN_NUMBERS
    return one in _INSIDE and unicodedata.category(after or " ")[0] in "LN"
