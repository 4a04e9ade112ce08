"""How numbers written in digits are said."""

from __future__ import annotations


def numerals(number: str, language: str) -> tuple[str, ...]:
    """Return the ways to say a number, each with its words joined."""
    return ()
