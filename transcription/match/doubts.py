"""What the witnesses of a recording say against a text, and how much it weighs.

`frontend/src/match/doubts.ts` is the same in TypeScript.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from shared_schema.match import Doubt, DoubtKind, Reading, Witness
from shared_schema.spoken import UNSTRESSED
from transcription.match.alternatives import alternatives
from transcription.match.difference import Step, compare
from transcription.match.likeness import may_be_misheard
from transcription.match.times import Span, Timed, filled, join, spread
from transcription.match.words import Word, split

_FEW_WORDS: Final = 2
"""More words than these are not swallowed, and not made up by the live words."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one witness says.

    Attributes:
        witness: Which one.
        text: Its text.
        words: When its words are said; empty where that is not known.
        segments: When its segments are said, where its words have no times.
    """

    witness: Witness
    text: str
    words: Sequence[Timed] = ()
    segments: Sequence[Timed] = ()


@dataclass(slots=True)
class Compared:
    """A witness beside the text."""

    witness: Witness
    text: str
    heard: list[Word]
    steps: list[Step]
    spans: list[Span]
    """When each of its words is said; empty where that is not known."""
    low: list[int] = field(default_factory=list)
    """For each place between the words of the text, the place in the witness's words. Words that
    only the witness has lie after it."""
    high: list[int] = field(default_factory=list)
    """The same; such words lie before it."""


@dataclass(slots=True)
class _Place:
    """Words of the text that witnesses contradict, or between which some lack."""

    a0: int
    a1: int
    doubting: set[int]
    """The witnesses, by number."""
    ends_open: bool
    """Whether one has words that lie after `a1`."""


def beside(words: Sequence[Word], evidence: Evidence, language: str) -> Compared:
    """Put a witness beside a text."""
    heard = split(evidence.text)
    steps = compare([word.key for word in words], [word.key for word in heard], language)
    keys, spans = spread(evidence.words or evidence.segments)
    if keys != [word.key for word in heard]:
        again = compare([word.key for word in heard], keys, language)
        agreed = [step for step in again if step.kind != "differ"]
        spans = filled(join(len(heard), agreed, spans))
    compared = Compared(evidence.witness, evidence.text, heard, steps, spans)
    low, high = [0] * (len(words) + 1), [0] * (len(words) + 1)
    for kind, a0, a1, b0, b1 in steps:
        if kind == "same":
            high[a0] = b0
            for at in range(a0 + 1, a1 + 1):
                low[at] = high[at] = b0 + at - a0
        else:
            low[a0] = b0
            for at in range(a0 + 1, a1):
                low[at], high[at] = b0, b1
            if a0 < a1:
                high[a0], low[a1] = b0, b1
            high[a1] = b1
    compared.low, compared.high = low, high
    return compared


def find(
    text: str, words: Sequence[Word], witnesses: Sequence[Compared], language: str
) -> list[Doubt]:
    """Return the places of a text that a witness contradicts."""
    places = sorted(
        (step.a0, step.a1, number)
        for number, one in enumerate(witnesses)
        for step in one.steps
        if step.kind == "differ"
    )
    merged: list[_Place] = []
    for a0, a1, number in places:
        last = merged[-1] if merged else None
        if last and (a0 < last.a1 or (a0 == last.a1 and (a0 == a1 or last.ends_open))):
            last.ends_open = a0 == a1 if a1 >= last.a1 else last.ends_open
            last.a1 = max(a1, last.a1)
            last.doubting.add(number)
        else:
            merged.append(_Place(a0, a1, {number}, a0 == a1))
    return [_doubt(text, words, place, witnesses, language) for place in merged]


def _doubt(
    text: str,
    words: Sequence[Word],
    place: _Place,
    witnesses: Sequence[Compared],
    language: str,
) -> Doubt:
    a0, a1 = place.a0, place.a1
    readings: list[Reading] = []
    against: list[tuple[Witness, list[str]]] = []
    mine = [word.key for word in words[a0:a1]]
    start = end = None
    for number, one in enumerate(witnesses):
        b0, b1 = one.low[a0], one.high[a1]
        differs = number in place.doubting
        reading = one.text[one.heard[b0].start : one.heard[b1 - 1].end] if b0 < b1 else ""
        readings.append(Reading(witness=one.witness, text=reading, agrees=not differs))
        if differs:
            against.append((one.witness, [word.key for word in one.heard[b0:b1]]))
        if one.spans:
            start, end = _time(one.spans, b0, b1)
    is_doubled = _repeats(words[max(0, a0 - 1) : a1 + 1]) and not any(
        _repeats(one.heard[max(0, one.low[a0] - 1) : one.high[a1] + 1])
        for number, one in enumerate(witnesses)
        if number in place.doubting
    )
    silent = not any(keys for _, keys in against)
    begin = words[a0].start if a0 < a1 else words[a0 - 1].end if a0 else 0
    after = words[a1 - 1].end if a0 < a1 else begin
    return Doubt(
        kind=DoubtKind.MISSING if a0 == a1 else DoubtKind.EXTRA if silent else DoubtKind.CHANGED,
        text=text[begin:after],
        first_word=a0,
        end_word=a1,
        first_character=begin,
        end_character=after,
        readings=tuple(readings),
        slight=not is_doubled
        and _is_slight(mine, against, {one.witness for one in witnesses}, language),
        start=start,
        end=end,
    )


def _repeats(words: Sequence[Word]) -> bool:
    """Return whether a word stands twice in a row."""
    return any(one.key == other.key for one, other in pairwise(words))


def _time(spans: Sequence[Span], b0: int, b1: int) -> tuple[float, float]:
    """Return when words are said; where there are none, the pause that they would be in."""
    if b0 < b1:
        return spans[b0].start, max(spans[b0].start, spans[b1 - 1].end)
    before = spans[b0 - 1].end if b0 else 0.0
    return before, max(before, spans[b0].start if b0 < len(spans) else before)


def _is_slight(
    mine: list[str],
    against: Sequence[tuple[Witness, list[str]]],
    all_of_them: set[Witness],
    language: str,
) -> bool:
    """Tell whether a doubt may well be a recogniser's mistake.

    A recogniser takes words for others that sound alike. It seldom leaves words out or makes them
    up, and a script does not hear.
    """
    doubting = {witness for witness, _ in against}
    if Witness.SCRIPT in doubting:
        return False
    if doubting == {Witness.LIVE} and Witness.FINAL_PASS in all_of_them:
        return all(len(keys) <= _FEW_WORDS for _, keys in against)
    return any(_was_misheard(mine, keys, language) for _, keys in against)


def _was_misheard(mine: list[str], heard: list[str], language: str) -> bool:
    if not mine or not heard:
        return False
    if sorted(mine) == sorted(heard):
        return False  # the same words in another order
    if any(key[-1].isdigit() for key in mine) and any(key[-1].isdigit() for key in heard):
        return False  # two figures, however alike they sound
    swallowed = UNSTRESSED.get(language, ())
    if max(len(mine), len(heard)) <= _FEW_WORDS and all(
        key in swallowed for key in (*mine, *heard)
    ):
        return True
    return may_be_misheard(_said(mine, language), _said(heard, language))


def _said(keys: Sequence[str], language: str) -> list[str]:
    """Return words with those in digits as they are usually said."""
    return [
        next(iter(alternatives(key, language)), key) if key[-1].isdigit() else key for key in keys
    ]
