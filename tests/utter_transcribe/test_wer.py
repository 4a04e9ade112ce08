"""Laws of the word error rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utter_transcribe.wer import word_error_rate


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("the quick brown fox", "the quick brown fox", 0),
        ("The quick, brown fox!", "the quick brown fox", 0),
        ("don’t stop", "don't stop", 0),
        ("the quick brown fox", "the quick red fox", 0.25),
        ("the quick brown fox", "the brown fox", 0.25),
        ("the quick brown fox", "the very quick brown fox", 0.25),
        ("the quick brown fox", "", 1),
        ("one", "two three", 2),
    ],
)
def test_known_rates(reference: str, heard: str, rate: float) -> None:
    """Replaced, missing and added words count one each."""
    assert word_error_rate(reference, heard) == rate


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("abc")))
def test_bounds(reference: list[str], heard: list[str]) -> None:
    """No rate is below the difference in length or above the longer of both."""
    rate = word_error_rate(" ".join(reference), " ".join(heard)) * len(reference)
    assert abs(len(reference) - len(heard)) <= round(rate) <= max(len(reference), len(heard))


def test_no_reference_is_no_rate() -> None:
    """Without a reference there is nothing to be wrong about."""
    with pytest.raises(ValueError, match="no words"):
        word_error_rate("…", "hello")
