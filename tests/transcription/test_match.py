"""Texts beside their witnesses, and words beside voice."""

import json
import random
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_schema.limits import MAX_TRANSCRIPT_CHARACTERS
from shared_schema.match import DoubtKind, Match, Witness
from transcription.match.doubts import Evidence
from transcription.match.levels import Voice, levels_of
from transcription.match.match import match
from transcription.match.numerals import numerals
from transcription.match.times import Span, Timed
from transcription.match.words import split

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "match.json").read_text())


def words_of(text: str) -> list[list[Any]]:
    """Return a text's words as the vectors have them."""
    return [[*one] for one in split(text)]


def answer(case: dict[str, Any]) -> Any:
    """Return the match of a case as JSON has it."""
    witnesses = [
        Evidence(
            Witness(one["witness"]),
            one["text"],
            [Timed(*each) for each in one.get("words", ())],
            [Timed(*each) for each in one.get("segments", ())],
        )
        for one in case["witnesses"]
    ]
    voice = None
    if told := case.get("voice"):
        stretches = told.get("stretches")
        voice = Voice(told["seconds"], stretches and [Span(*one) for one in stretches])
    whole = match(case["text"], witnesses, language=case["language"], voice=voice)
    return json.loads(whole.to_json())


@pytest.mark.parametrize("case", VECTORS["words"], ids=lambda case: case["law"])
def test_words(case: dict[str, Any]) -> None:
    """Words are what is said, however it is written; the page parts texts in the same way."""
    assert words_of(case["text"]) == case["words"]


@pytest.mark.parametrize(
    "case", VECTORS["numerals"], ids=lambda case: f"{case['language']}-{case['number']}"
)
def test_numerals(case: dict[str, Any]) -> None:
    """A number has the ways to say it that it has in the page."""
    assert list(numerals(case["number"], case["language"])) == case["is"]


@pytest.mark.parametrize("case", VECTORS["matches"], ids=lambda case: case["law"])
def test_matches(case: dict[str, Any]) -> None:
    """Each case has the doubts and the coverage that the page finds too."""
    assert answer(case) == case["is"]


def heard(case: dict[str, Any]) -> dict[str, Any]:
    """Return what the levels of a case give: a square wave of each amplitude, in turn."""
    samples = array("h")
    for seconds, amplitude in case["parts"]:
        count = round(seconds * case["rate"])
        samples.extend(amplitude * (1 - 2 * (at // 8 % 2)) for at in range(count))
    if sys.byteorder == "big":
        samples.byteswap()
    data = samples.tobytes()
    # In pieces of an odd length, as a decoder may give them.
    levels = levels_of((data[at : at + 9_999] for at in range(0, len(data), 9_999)), case["rate"])
    return {
        "threshold": round(levels.threshold, 3),
        "stretches": [[round(at, 3) for at in one] for one in levels.stretches()],
    }


@pytest.mark.parametrize("case", VECTORS["windows"], ids=lambda case: case["law"])
def test_voice(case: dict[str, Any]) -> None:
    """Voice is found as in the page, which proposes the best part by it."""
    told = heard(case)
    assert told == {name: case["is"][name] for name in told}


SAID = st.lists(
    st.sampled_from(("dawn", "dorn", "fail", "fare", "a", "the", "14", "15")), max_size=4
)


@given(text=SAID, script=SAID, live=SAID, final=SAID)
@settings(max_examples=100)
def test_what_is_not_slight(
    text: list[str], script: list[str], live: list[str], final: list[str]
) -> None:
    """What differs from the script is not slight, nor what the final pass alone has or lacks."""
    heard = {Witness.SCRIPT: script, Witness.LIVE: live, Witness.FINAL_PASS: final}
    witnesses = [Evidence(one, " ".join(words)) for one, words in heard.items()]
    for doubt in match(" ".join(text), witnesses, language="en").doubts:
        against = {one.witness for one in doubt.readings if not one.agrees}
        one_sided = doubt.kind is not DoubtKind.CHANGED and against == {Witness.FINAL_PASS}
        if Witness.SCRIPT in against or one_sided:
            assert not doubt.slight


def _final(text: str, heard: str, language: str) -> Match:
    return match(text, [Evidence(Witness.FINAL_PASS, heard)], language=language)


def _longest(characters: str, seed: int) -> str:
    dice = random.Random(seed)  # noqa: S311 - words, not a secret
    return "".join(dice.choice(characters) for _ in range(MAX_TRANSCRIPT_CHARACTERS))


@pytest.mark.parametrize(
    ("language", "characters"),
    [
        ("en", "abcdefghij     "),
        ("en", "abcdefghijklmnopqrstuvwxyzaeiouaeioubcdfghlmnst "),
        ("en", "0123456789 , "),
        ("zh", "的一是不了人我在有他"),
    ],
    ids=["words", "long words", "numbers", "characters"],
)
def test_the_longest_texts_are_compared_in_bounded_time(language: str, characters: str) -> None:
    """Two unlike transcripts of the longest kind take seconds, whatever they hold."""
    began = time.process_time()
    unlike = _final(_longest(characters, 1), _longest(characters, 2), language)
    assert time.process_time() - began < 10
    assert unlike.rate < 0.8
    same = _longest(characters, 1)
    assert _final(same, same, language).rate == 1


def test_a_text_with_every_other_word_wrong_is_compared_in_bounded_time() -> None:
    """What a text costs does not grow with the square of its doubts."""
    words = [chr(0x4E00 + at) for at in range(MAX_TRANSCRIPT_CHARACTERS)]
    other = [word if at % 2 else "一" for at, word in enumerate(words)]
    began = time.process_time()
    found = _final("".join(words), "".join(other), "zh")
    assert time.process_time() - began < 10
    assert len(found.doubts) > 1000
