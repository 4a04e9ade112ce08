"""Bodies of requests, as they arrive."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from transcription.errors import PayloadTooLarge, RequestTimeout

MAX_JSON_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class BodyTimeouts:
    """How slowly a body may come."""

    seconds: float
    """For all of it."""
    idle_seconds: float
    """Between two pieces."""
    bytes_per_second: float
    """On average, after the first `idle_seconds`."""


async def pieces(request: Request, timeouts: BodyTimeouts) -> AsyncGenerator[bytes, None]:
    """Iterate over a body.

    Raises:
        RequestTimeout: it comes too slowly.
        PayloadTooLarge: it is larger than any body may be.
        ClientDisconnect: the caller has gone.
    """
    clock = asyncio.get_running_loop().time
    began, received = clock(), 0
    async with aclosing(request.stream()) as stream:
        while True:
            until = min(
                began + timeouts.seconds,
                began + timeouts.idle_seconds + received / timeouts.bytes_per_second,
                clock() + timeouts.idle_seconds,
            )
            try:
                async with asyncio.timeout_at(until):
                    piece = await anext(stream, None)
            except TimeoutError:
                raise RequestTimeout("The body of the request came too slowly.") from None
            if piece is None:
                return
            received += len(piece)
            yield piece


async def read_json(request: Request, timeouts: BodyTimeouts) -> bytes:
    """Return a body that holds no file.

    Raises:
        RequestTimeout: it comes too slowly.
        PayloadTooLarge: it is larger than such a body may be.
        ClientDisconnect: the caller has gone.
    """
    body = bytearray()
    async with aclosing(pieces(request, timeouts)) as stream:
        async for piece in stream:
            body += piece
            if len(body) > MAX_JSON_BYTES:
                raise PayloadTooLarge(f"The body is larger than {MAX_JSON_BYTES:,} bytes.")
    return bytes(body)
