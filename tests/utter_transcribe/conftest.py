"""Fixtures of the client's tests."""

from tests.database import postgres, postgres_binaries

__all__ = ["postgres", "postgres_binaries"]
