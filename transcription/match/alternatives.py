"""Other ways to write a word that are said alike: contractions, abbreviations, numerals, signs.

`frontend/src/match/alternatives.ts` is the same in TypeScript.
"""

from functools import lru_cache

from shared_schema import spoken
from transcription.match.numerals import numerals
from transcription.match.words import fold


@lru_cache(maxsize=4096)
def alternatives(key: str, language: str) -> tuple[str, ...]:
    """Return other ways to say a word, each with its words joined, without the word itself.

    Args:
        key: A word's key.
        language: ISO 639-1.
    """
    if sign := spoken.SIGNS.get(key):
        return tuple(map(fold, sign.get(language, ())))
    if any(one.isdigit() for one in key):
        return _numbered(key, language)
    if language == "en":
        return _english(key)
    return tuple(map(fold, spoken.ABBREVIATED.get(language, {}).get(key, ())))


def _numbered(key: str, language: str) -> tuple[str, ...]:
    sign, number = (key[0], key[1:]) if key[0] in spoken.SIGNS else ("", key)
    said = numerals(number, language)
    if not sign:
        return said
    names = spoken.SIGNS[sign].get(language, ())
    return tuple(way + fold(name) for name in names for way in (*said, number))


def _english(key: str) -> tuple[str, ...]:
    found = list(spoken.ENGLISH.get(key, ()))
    for ending, whole in spoken.ENGLISH_ENDINGS:
        stem = key.removesuffix(ending)
        if stem != key and stem in (spoken.NEGATED if ending == "nt" else spoken.CONTRACTED):
            found += [stem + one for one in whole]
    found += [
        key.replace(one, other) for one, other in spoken.BRITISH if one in key and len(key) > 4
    ]
    return tuple(found)
