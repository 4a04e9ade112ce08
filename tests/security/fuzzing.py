"""How far the tests of this folder search, and pieces to search with."""

import os
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FACTOR: Final = int(os.environ.get("FUZZ_FACTOR", "1"))
"""For a search of one's own: so many times as many examples, and others each time."""

WORDS: Final = (
    *(b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x00"),
    *(b"\x00\x00\x00\x01", b"\xff\xff\xff\x7f", b"\x00\x00\xff\xff", b"\xff\xff\x00\x00"),
)
"""Sizes and counts that parsers stumble over, at either byte order."""
_places = st.integers(0, 400) | st.integers(0, 2**20)
_lengths = st.integers(1, 64) | st.integers(1, 4096)


def bounded(examples: int) -> settings:
    """Return settings for so many examples: the same ones in every run."""
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@st.composite
def mutated(draw: st.DrawFn, good: bytes, *others: bytes) -> bytes:
    """Return well-formed bytes with a few faults, most of them near the beginning.

    Args:
        draw: Hypothesis's own.
        good: What is well formed.
        others: Where pieces are taken from.
    """
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(_places) % (len(data) + 1)
        match draw(st.sampled_from(("byte", "word", "drop", "add", "repeat", "end", "graft"))):
            case "byte":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "word":
                data[at : at + 4] = draw(st.sampled_from(WORDS))
            case "drop":
                del data[at : at + draw(_lengths)]
            case "add":
                data[at:at] = draw(st.binary(min_size=1, max_size=64))
            case "repeat":
                data[at:at] = data[at : at + draw(_lengths)]
            case "end":
                del data[at:]
            case "graft":
                source = draw(st.sampled_from((good, *others)))
                start = draw(_places) % len(source)
                data[at : at + 64] = source[start : start + draw(_lengths)]
    return bytes(data)
