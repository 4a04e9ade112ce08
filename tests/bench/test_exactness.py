"""The bench of exactness, in small: the sample's sentences, whole and spoiled."""

import random
from functools import cache

import numpy as np
import pytest

from bench.exactness import (
    CUT_OFF,
    HARMLESS,
    WORDS_SPOILED,
    Engine,
    Pair,
    Row,
    aligned,
    cut_at_pauses,
    offline,
    run,
    try_window,
)
from bench.hearing import SAMPLES
from local_stack.provider.offline.audio import SAMPLE_RATE, read_audio
from local_stack.provider.offline.hearing import Utterance, Word
from local_stack.provider.offline.models import is_installed

_EACH = 2


@cache
def _pairs() -> tuple[Pair, ...]:
    text = " ".join((SAMPLES / "reference.txt").read_text().split())
    whole = aligned("sample", read_audio((SAMPLES / "reference.wav").read_bytes()), text)
    return tuple(cut_at_pauses(whole, min_seconds=3.5))


def _marked(rows: list[Row], *kinds: str) -> tuple[int, int]:
    chosen = [row for row in rows if row.kind in kinds]
    return sum(row.marked for row in chosen), sum(row.pairs for row in chosen)


@pytest.mark.parametrize("engine", ["exact", "offline"])
def test_spoiled_pairs_are_marked_and_true_ones_are_not(engine: Engine) -> None:
    """Of some 30 pairs of the sample every spoiled one is marked at its place, and no other."""
    if engine == "offline" and not is_installed("moonshine"):
        pytest.skip("Moonshine has no wheel for this machine")
    rows, wrong = run(_pairs(), engine, offline() if engine == "offline" else None, _EACH)
    spoiled, all_spoiled = _marked(rows, *WORDS_SPOILED, *CUT_OFF)
    assert all_spoiled >= 18
    assert spoiled == all_spoiled, wrong
    assert _marked(rows, *HARMLESS)[0] == 0, wrong


@pytest.mark.process
def test_the_part_that_is_proposed_ends_with_its_words() -> None:
    """The part of a long recording that the page proposes begins and ends in pauses."""
    dice = random.Random(1)  # noqa: S311 - a sample, not a secret
    pairs = _pairs()
    sound, words, at = list[bytes](), list[Word](), 0.0
    for _ in range(12):
        pair = dice.choice(pairs)
        words += [Word(one.text, one.start + at, one.end + at) for one in pair.words]
        pause = np.zeros(round(dice.uniform(0.4, 1.0) * SAMPLE_RATE), "<i2").tobytes()
        sound += [pair.pcm, pause]
        at = sum(map(len, sound)) / (2 * SAMPLE_RATE)
    whole = Pair("long", b"".join(sound), " ".join(one.text for one in words), tuple(words))

    def hear(pcm: bytes) -> list[Utterance]:
        start = whole.pcm.index(pcm) / (2 * SAMPLE_RATE)
        end = start + len(pcm) / (2 * SAMPLE_RATE)
        inside = [one.text for one in words if start <= one.start and one.end <= end]
        return [Utterance(" ".join(inside), 0.0, end - start, ())]

    window = try_window(whole, hear)
    assert window is not None
    assert window.in_pauses
    assert window.edges_agree, (window.text, window.heard)
    assert 10 <= window.end - window.start <= 20
