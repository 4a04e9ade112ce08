"""Waiting for what will be so."""

import asyncio
from collections.abc import Callable

SECONDS = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
