"""What stands before Supabase: a proxy that can be away, slow, or deaf after the deed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaos.fleet.ports import HOST, free_ports
from local_stack.serving import listen, serve

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length", "host"}
)
"""RFC 9110, section 7.6.1."""
_SILENCE_SECONDS: Final = 12.0
"""Longer than any caller waits."""
_SLOW_SECONDS: Final = 1.5


class Manner(StrEnum):
    """How calls of one of Supabase's services are treated."""

    AWAY = "away"
    """Refused with 503."""
    SILENT = "silent"
    """Never passed on, never answered."""
    LOST = "lost"
    """Passed on and done, and never answered."""
    SLOW = "slow"


Twist = Callable[[Request, bytes], Awaitable[Response | bytes | None]]
"""Answers a call in Supabase's place, changes its body, or lets it pass."""


class Door:
    """The proxy.

    Attributes:
        manners: By the first part of the path: `auth`, `rest`, `storage`. What is not there is
            passed on.
        twist: Breaks a law on purpose.
        opens: When the call that opens a session came, by the session's id. Unix time, seconds.
    """

    def __init__(self) -> None:
        self.manners: dict[str, Manner] = {}
        self.twist: Twist | None = None
        self.opens: dict[str, float] = {}
        self.port = free_ports(1)[0]
        self.url = f"http://{HOST}:{self.port}"
        self._behind = ""
        self._serving = AsyncExitStack()
        self._app = Starlette(routes=[Route("/{path:path}", self._pass, methods=_METHODS)])
        self._http: httpx.AsyncClient

    @asynccontextmanager
    async def before(self, url: str) -> AsyncIterator[str]:
        """Stand before `url` for as long as the block runs; gives the address to call."""
        self._behind = url
        async with httpx.AsyncClient(timeout=60.0, trust_env=False) as self._http:
            await self.open()
            try:
                yield self.url
            finally:
                await self.close()

    async def open(self) -> None:
        """Listen."""
        listener = listen("the door", HOST, self.port)
        await self._serving.enter_async_context(serve(self._app, listener))

    async def close(self) -> None:
        """Refuse every connection."""
        await self._serving.aclose()

    async def _pass(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        if request.url.path.endswith("/rpc/open_transcription"):
            self.opens[json.loads(body)["session_id"]] = time.time()
        manner = self.manners.get(request.url.path.split("/")[1])
        if manner is Manner.AWAY:
            return JSONResponse({"message": "The service is away"}, 503)
        if manner is Manner.SILENT:
            return await _silence()
        if manner is Manner.SLOW:
            await asyncio.sleep(_SLOW_SECONDS)
        if self.twist is not None:
            twisted = await self.twist(request, body)
            if isinstance(twisted, Response):
                return twisted
            body = body if twisted is None else twisted
        answer = await self._forward(request, body)
        return await _silence() if manner is Manner.LOST else answer

    async def _forward(self, request: Request, body: bytes) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = [
            (name, value) for name, value in request.headers.items() if name not in _HOP_BY_HOP
        ]
        try:
            answer = await self._http.request(
                request.method, f"{self._behind}{path}", headers=headers, content=body
            )
        except httpx.HTTPError:
            return JSONResponse({"message": "The service cannot be reached"}, 502)
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name not in _HOP_BY_HOP and name != "content-encoding"
        }
        return Response(answer.content, answer.status_code, kept)


async def _silence() -> Response:
    await asyncio.sleep(_SILENCE_SECONDS)
    return Response(status_code=504)
