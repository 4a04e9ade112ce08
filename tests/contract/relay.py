"""What stands between a service and its Supabase, and can be told to fail."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_stack.serving import listen, serve, url_of

_HOP_BY_HOP: Final = {
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "content-encoding",
}
JWKS: Final = "/auth/v1/.well-known/jwks.json"
METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


@dataclass
class Relay:
    """Passes every call on, but those that it was told to answer itself.

    Attributes:
        url: Where it listens.
        keys: Public keys that the project's own key set gets besides its own.
    """

    http: httpx.AsyncClient
    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    _faults: dict[tuple[str, str], Response] = field(default_factory=dict)

    @contextmanager
    def failing(self, path: str, response: Response, *, method: str = "") -> Iterator[None]:
        """Answer what begins with `path` with this, for as long as the block runs."""
        self._faults[method, path] = response
        try:
            yield
        finally:
            del self._faults[method, path]

    async def answer(self, request: Request) -> Response:
        """Pass a call on."""
        for (method, path), response in self._faults.items():
            if request.url.path.startswith(path) and method in {"", request.method}:
                return response
        answered = await self.http.request(
            request.method,
            f"{request.url.path}?{request.url.query}",
            headers=[(k, v) for k, v in request.headers.items() if k not in _HOP_BY_HOP],
            content=await request.body(),
        )
        if request.url.path == JWKS:
            return JSONResponse({"keys": [*answered.json()["keys"], *self.keys]})
        headers = {k: v for k, v in answered.headers.items() if k not in _HOP_BY_HOP}
        return Response(answered.content, answered.status_code, headers)


@asynccontextmanager
async def relaying(url: str) -> AsyncIterator[Relay]:
    """Relay to `url` from a loopback address of its own."""
    listener = listen("a relay", "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        relay = Relay(http, url_of(listener))
        app = Starlette(routes=[Route("/{path:path}", relay.answer, methods=METHODS)])
        async with serve(app, listener):
            yield relay
