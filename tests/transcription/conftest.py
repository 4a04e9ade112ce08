"""Fixtures of the domain's tests."""

from tests.database import database, postgres, postgres_binaries
from tests.gateway import gateway

__all__ = ["database", "gateway", "postgres", "postgres_binaries"]
