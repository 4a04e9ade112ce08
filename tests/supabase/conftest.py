"""Fixtures of the database's tests."""

from tests.database import database, postgres, postgres_binaries

__all__ = ["database", "postgres", "postgres_binaries"]
