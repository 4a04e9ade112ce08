"""Laws of the seam between two sessions' texts."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from utter_transcribe import seam

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "seam.json").read_text())

word = st.text(st.characters(codec="utf-8", categories=("Ll", "Lu", "Nd")), min_size=1, max_size=8)
words = st.lists(word, max_size=12)
few = st.lists(st.sampled_from(["the", "a", "dog", "no", "気", "の"]), max_size=12)
text = st.one_of(st.text(max_size=60), words.map(" ".join), few.map(" ".join))


def distinct(count: int) -> list[str]:
    """Words of which no two resemble each other."""
    letters = "bcdfghjklmnpqrstvwxz"
    return [
        letters[n % 20] + "aeiou"[n % 5] + letters[(n * 7 + n // 20) % 20] for n in range(count)
    ]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["note"])
def test_vectors(vector: dict[str, str]) -> None:
    """Every implementation of the seam joins the shared vectors alike."""
    assert seam.join(vector["old"], vector["new"]) == vector["joined"]


@given(text)
def test_empty_text_changes_nothing(one: str) -> None:
    """A session that heard nothing leaves the other's text as it is."""
    assert seam.join(one, "") == one
    assert seam.join("", one) == one


@given(text)
def test_same_text_joins_to_itself(one: str) -> None:
    """A session that hears all of its predecessor again says nothing twice."""
    assume(sum(character.isalnum() for character in one) > 1)
    assert seam.join(one, one) == one


@given(st.data())
def test_overlap_gives_the_whole(data: st.DataObject) -> None:
    """A text cut in two with an overlap is whole again after the join."""
    whole = distinct(40)
    begin = data.draw(st.integers(0, 30))
    end = data.draw(st.integers(begin + 1, 39))
    assert seam.join(" ".join(whole[:end]), " ".join(whole[begin:])) == " ".join(whole)


@pytest.mark.parametrize("overlap", [81, 200])
def test_a_long_overlap_gives_the_whole(overlap: int) -> None:
    """However far a session goes back, each word comes once."""
    whole = distinct(390)
    joined = seam.join(" ".join(whole[:350]), " ".join(whole[350 - overlap :]))
    assert joined == " ".join(whole)


@given(st.data())
def test_cut_words_at_the_seam_are_mended(data: st.DataObject) -> None:
    """A cut first word of the new text and a wrong last word of the old one do no harm."""
    whole = distinct(40)
    begin = data.draw(st.integers(0, 30))
    end = data.draw(st.integers(begin + 4, 39))
    old = [*whole[: end - 1], data.draw(st.sampled_from(["zzyzx", whole[end - 1][:2]]))]
    new = [whole[begin][1:], *whole[begin + 1 :]]
    assert seam.join(" ".join(old), " ".join(new)) == " ".join(whole)


@given(few, few)
def test_nothing_is_invented(one: list[str], other: list[str]) -> None:
    """The joined text is a beginning of the old one followed by an end of the new one."""
    old, new = " ".join(one), " ".join(other)
    joined = seam.join(old, new).replace(" ", "")
    old, new = old.replace(" ", ""), new.replace(" ", "")
    assert any(
        old.startswith(joined[:cut]) and new.endswith(joined[cut:])
        for cut in range(len(joined) + 1)
    )


@given(
    st.lists(st.text("abcdefghijklm", min_size=1), max_size=12),
    st.lists(st.text("nopqrstuvwxyz", min_size=1), max_size=12),
)
def test_texts_without_a_common_word_follow_one_another(one: list[str], other: list[str]) -> None:
    """Where nothing overlaps, both texts stand whole."""
    joined = seam.join(" ".join(one), " ".join(other))
    assert joined.split() == [*one, *other]


@given(text, text)
def test_growing_text_ends_where_the_whole_does(old: str, new: str) -> None:
    """While it grows, a join shows the old text or what the finished join would be."""
    assert seam.join_growing(old, new) in {old, seam.join(old, new)}


def test_growing_text_never_takes_words_back() -> None:
    """While the new session repeats the overlap, the shown text stands still."""
    whole = distinct(40)
    old = " ".join(whole[:20])
    shown = [
        seam.join_growing(old, " ".join([whole[12][1:], *whole[13:end]])) for end in range(13, 40)
    ]
    assert shown[0] == old
    assert shown[-1] == " ".join(whole[:39])
    for before, after in pairwise(shown):
        assert after.startswith(before)
