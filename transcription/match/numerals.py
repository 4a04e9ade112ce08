"""How numbers that are written in digits are said.

`frontend/src/match/numerals.ts` is the same in TypeScript; the words are
`shared_schema/spoken.py`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from shared_schema import spoken
from transcription.match.words import fold

_MAX_DIGITS: Final = 12
_YEARS: Final = range(1100, 2100)
_NUMBER: Final = re.compile(r"(\d+)([^\d]*)")
_ORDINAL: Final = re.compile(r"(\d+)([^\d]+)")


def numerals(number: str, language: str) -> tuple[str, ...]:
    """Return the ways to say a number, each with its words joined and folded.

    Args:
        number: A word's key with a digit in it: 25, 1,000, 3.5, 3:45, 25th, 5km.
        language: ISO 639-1; one without a table has no ways but without marks.
    """
    comma, point = (",", ".") if language in spoken.GROUPED_BY_COMMA else (".", ",")
    plain = re.sub(rf"(?<=\d)[{comma}'’\u202f\u00a0](?=\d\d\d(?!\d))", "", number)
    ways: list[str] = [plain] if plain != number else []
    ordinal = _ORDINAL.fullmatch(plain)
    if ordinal and ordinal[2] in spoken.ORDINAL_SIGNS.get(language, ()):
        ways += _ordinals(_whole(ordinal[1], language), language)
    elif (parts := re.split(rf"[{point}:]", plain)) and all(part.isdecimal() for part in parts):
        ways += _decimal(parts, plain, language) if len(parts) > 1 else _whole(plain, language)
        if len(parts) == 1:
            ways += _ordinals(ways, language)  # "May 5" is said "May fifth"
    else:
        ways += _mixed(plain, language)
    return tuple(dict.fromkeys(fold(way) for way in ways))


def _decimal(parts: list[str], plain: str, language: str) -> Iterator[str]:
    """Yield ways to say a number with parts, or a time of day."""
    if ":" in plain:
        said = [_whole(part.lstrip("0") or "0", language)[:1] for part in parts]
        yield "".join(one for each in said for one in each)
        yield "".join(parts)
        return
    digits = "".join(_digits(parts[1], language))
    for point in spoken.DECIMAL_POINTS.get(language, ()):
        for whole in _whole(parts[0], language):
            for rest in (digits, *_whole(parts[1], language)):
                yield whole + point + rest


def _mixed(plain: str, language: str) -> Iterator[str]:
    """Yield a number with letters in it, such as 5km and mp3, with the number said."""
    found = _NUMBER.search(plain)
    if found:
        before, after = plain[: found.start()], plain[found.end(1) :]
        yield from (before + way + after for way in _whole(found[1], language))


def _whole(digits: str, language: str) -> list[str]:
    """Return ways to say a whole number, the usual one first."""
    tables = [name for name in (language, f"{language}-counting") if name in spoken.NUMERALS]
    if not tables or len(digits) > _MAX_DIGITS:
        return []
    value = int(digits)
    ways: list[str] = []
    for name in tables:
        table = spoken.NUMERALS[name]
        if name != language and value > 99:
            continue
        ways += _variants(_said(value, table), name)
        if value in _YEARS:
            hundreds, rest = divmod(value, 100)
            century = _said(hundreds, table)
            if language == "en":
                tail = _said(rest, table) if rest > 9 else "oh" + _said(rest, table)
                ways.append(century + (tail if rest else "hundred"))
            elif language in {"de", "nl"}:
                hundred = "hundert" if language == "de" else "honderd"
                tail = _said(rest, table) if rest else ""
                ways += _variants(century + hundred + tail, name)
    if len(digits) > 1:
        ways.append("".join(_digits(digits, language)))
    return ways


def _digits(digits: str, language: str) -> Iterator[str]:
    table = spoken.NUMERALS.get(language, {})
    return (table.get(one, one).split("[")[0] for one in digits)


def _said(value: int, table: Mapping[str, str]) -> str:
    """Return a number in words: the largest entry that fits, and what it leaves."""
    base = max(int(one) for one in table if int(one) <= value)
    if base == 0:
        return table["0"]
    rule = table[str(base)]
    often, left = divmod(value, base) if "<" in rule else (1, value - base)
    rule = re.sub(r"\[(.*)\]", r"\1" if left else "", rule)
    if base >= 10 and 0 < left < base // 10 and rule.endswith(">") and "零" in table["0"]:
        rule = rule[:-1] + "零>"  # Chinese tells the empty place
    if "<" in rule:
        rule = rule.replace("<", _said(often, table))
    return rule.replace(">", _said(left, table)) if left else rule


def _variants(said: str, name: str) -> list[str]:
    ways = [said]
    for written, other in spoken.NUMERAL_VARIANTS.get(name, ()):
        ways += [changed for way in ways if (changed := re.sub(written, other, way)) not in ways]
    return ways


def _ordinals(ways: Iterable[str], language: str) -> list[str]:
    """Return numbers in words as places in a row."""
    rules = spoken.ORDINALS.get(language, ())
    endings = spoken.ORDINAL_ENDINGS.get(language, ("",))
    places: list[str] = []
    for way in ways:
        rule = next((rule for rule in rules if re.search(rule[0], way)), None)
        if rule and way.isalpha():
            place = re.sub(*rule, way, count=1)
            places += [place + ending for ending in endings]
    return places
