"""Text that people write."""

import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.text import clean


@given(st.text(max_size=60), st.booleans())
def test_what_was_cleaned_stays_as_it_is(text: str, in_a_line: bool) -> None:
    """Cleaning twice is cleaning once: a page, a service and a retry agree."""
    try:
        kept = clean(text, in_a_line=in_a_line)
    except ValueError:
        return
    assert clean(kept, in_a_line=in_a_line) == kept
    assert "\r" not in kept
    assert not in_a_line or "\n" not in kept


@pytest.mark.parametrize("marks", ["\u0315\u0300" * 60_000, "\u0315" * 60_000 + "\u0300" * 60_000])
def test_marks_in_a_row_are_not_put_in_order(monkeypatch: pytest.MonkeyPatch, marks: str) -> None:
    """A long run of marks, whose order takes seconds to find, is refused before it is sought."""
    unordered = SimpleNamespace(category=unicodedata.category)
    monkeypatch.setattr("shared_schema.text.unicodedata", unordered)
    with pytest.raises(ValueError, match="marks"):
        clean("a" + marks)
