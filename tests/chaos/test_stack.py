"""What a storm does to Supabase is no fault of those who look into its database."""

import asyncio
from pathlib import Path

import pytest

from chaos.fleet.stack import Stack
from tests.ports import free_port


@pytest.mark.process
async def test_a_crash_keeps_no_one_from_the_database(tmp_path: Path) -> None:
    """While Postgres recovers from a crash, a query waits for it and gets its answer."""
    stack = Stack(tmp_path, free_port())
    try:
        await stack.start()
        for _ in range(3):
            _, *found = await asyncio.gather(
                stack.crash_database(), *(stack.query("select 1 as one") for _ in range(20))
            )
            found.append(await stack.query("select 1 as one"))
            assert found == [[{"one": 1}]] * 21
    finally:
        await stack.stop()
