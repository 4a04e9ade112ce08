"""The exceptions, and the tree that is drawn of them."""

import re

import pytest

from shared_schema.errors import ERRORS
from transcription import errors
from transcription.errors import InternalError, TranscriptionError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, TranscriptionError)
]


def test_every_code_has_an_exception() -> None:
    """Every row of the table can be raised."""
    assert {kind.code for kind in KINDS} == set(ERRORS)


def test_the_tree_at_the_top_is_the_truth() -> None:
    """Every exception stands in the tree that the module begins with."""
    drawn = set(re.findall(r"[A-Z]\w+", (errors.__doc__ or "").split("\n\n")[1]))
    assert drawn == {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_exception_tells_its_row(kind: type[TranscriptionError]) -> None:
    """Without words of its own an error has its row's title; it is no more than its message."""
    error = kind()
    assert error.spec() is ERRORS[kind.code]
    assert str(error) == error.message != ""
    if kind is not InternalError:
        assert error.message == f"{ERRORS[kind.code].title}."
        assert kind("told", retry_after=3).message == "told"
        assert kind("told", retry_after=3).retry_after == 3


def test_two_bugs_have_two_ids() -> None:
    """Each bug has an id of its own, which its message tells."""
    first, second = InternalError(), InternalError()
    assert first.error_id != second.error_id
    assert first.error_id in first.message
