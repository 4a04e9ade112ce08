"""Waiting for conditions, not for time."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    """Wait until a condition holds that nothing announces.

    Raises:
        TimeoutError: it did not come to hold in time.
    """
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if (await holds) if isinstance(holds, Awaitable) else holds:
                return
            await asyncio.sleep(0.005)
