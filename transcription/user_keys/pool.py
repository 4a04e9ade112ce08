"""Providers by their keys: made when a key is first used, and closed when they are not needed.

How many are kept is bounded, and for how long: a key stays in memory no longer than it is of use.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, Protocol, Self, TypeVar

import structlog
from pydantic import SecretStr

MOST_IDLE: Final = 64
IDLE_SECONDS: Final = 60.0


class Closable(Protocol):
    """What lets go of its connections."""

    async def aclose(self) -> None:
        """Close every connection."""


P = TypeVar("P", bound=Closable)

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Lent(Generic[P]):
    provider: P
    borrowers: int = 0
    idle_since: float = 0.0


class KeyedProviders(Generic[P]):
    """One provider for each key; an async context manager.

    Args:
        make: Returns a provider that calls with a key.
        most_idle: That are kept without anybody using them; the longest unused go first.
        idle_seconds: That one is kept so.
    """

    def __init__(
        self,
        make: Callable[[SecretStr], P],
        *,
        most_idle: int = MOST_IDLE,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._make = make
        self._most_idle = most_idle
        self._idle_seconds = idle_seconds
        self._salt = os.urandom(32)
        self._kept: dict[bytes, _Lent[P]] = {}
        self._leaving: list[P] = []
        self._stirred = asyncio.Event()
        self._sweeper: asyncio.Task[None]

    def __len__(self) -> int:
        return len(self._kept)

    async def __aenter__(self) -> Self:
        """Begin to close those that are not used."""
        self._sweeper = asyncio.create_task(self._sweep(), name="keyed-providers")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of all."""
        self._sweeper.cancel()
        await asyncio.gather(self._sweeper, return_exceptions=True)
        self._leaving += [one.provider for one in self._kept.values()]
        self._kept.clear()
        await self._close_leaving()

    @asynccontextmanager
    async def lent(self, key: SecretStr) -> AsyncIterator[P]:
        """Lend the provider of a key for as long as the block runs."""
        name = hashlib.blake2b(key.get_secret_value().encode(), key=self._salt).digest()
        one = self._kept.pop(name, None) or _Lent(self._make(key))
        self._kept[name] = one
        one.borrowers += 1
        try:
            yield one.provider
        finally:
            one.borrowers -= 1
            self._kept[name] = self._kept.pop(name)  # in the order of their last use
            one.idle_since = asyncio.get_running_loop().time()
            self._stirred.set()

    async def _sweep(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._idle_seconds / 4):
                    await self._stirred.wait()
            except TimeoutError:
                pass
            self._stirred.clear()
            self._let_go(asyncio.get_running_loop().time())
            await self._close_leaving()

    def _let_go(self, now: float) -> None:
        idle = [name for name, one in self._kept.items() if one.borrowers == 0]
        too_many = len(idle) - self._most_idle
        for place, name in enumerate(idle):
            if place < too_many or now - self._kept[name].idle_since >= self._idle_seconds:
                self._leaving.append(self._kept.pop(name).provider)

    async def _close_leaving(self) -> None:
        while self._leaving:
            try:
                await self._leaving.pop().aclose()
            except Exception:
                # One that does not close must not keep the others.
                _log.exception("provider_not_closed")
