"""Small things that tests of the client share."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from utter_transcribe.events import Event

T = TypeVar("T")


class Tokens:
    """Hands out numbered tokens, and keeps whether a fresh one was asked for."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    async def __call__(self, *, fresh: bool = False) -> str:
        """Return the next token."""
        self.asked.append(fresh)
        return f"token-{len(self.asked)}"


class Listener:
    """Keeps the events, and lets a test wait for what it needs to see."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._came = asyncio.Event()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event)
        self._came.set()

    def of(self, kind: type[T]) -> list[T]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something holds, which is asked after every event."""
        while not true():
            self._came.clear()
            await self._came.wait()


async def eventually(true: Callable[[], object]) -> None:
    """Wait until something holds that no event tells; the test's own timeout is the limit."""
    while not true():  # noqa: ASYNC110 - it is asked of others' state
        await asyncio.sleep(0.005)
