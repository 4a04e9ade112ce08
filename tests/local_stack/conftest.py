"""Fixtures of the local stack's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from local_stack.postgres import Postgres
from tests.local_stack.world import World, open_world


@pytest_asyncio.fixture
async def world(postgres: Postgres, tmp_path: Path) -> AsyncIterator[World]:
    """Supabase's services over a database of the test's own."""
    async with open_world(postgres, tmp_path / "local") as opened:
        yield opened
