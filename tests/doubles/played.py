"""A provider's socket that a test plays by hand, and what is heard of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from transcription.providers.base import RealtimeEvent, RealtimeSession


@asynccontextmanager
async def played(
    play: Callable[[ServerConnection], Awaitable[None]], **options: Any
) -> AsyncIterator[str]:
    """Play a socket; gives its `http:` address."""
    async with serve_websocket(play, "127.0.0.1", 0, **options) as server:
        yield url_of(server)


def url_of(server: Server, scheme: str = "http") -> str:
    """Return the address of a server."""
    return f"{scheme}://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def heard(session: RealtimeSession) -> list[RealtimeEvent]:
    """Return all that a session says, until it is done."""
    events: list[RealtimeEvent] = []
    await session.listen(events.append)
    return events
