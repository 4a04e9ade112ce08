"""Where the time of a request went, for a collector of traces."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_functions.middleware.measure import method_of, route_of
from transcription.process import tracing

_UNTOLD: Final = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds, and by nobody's user."""


class Trace:
    """Traces every request under its route's own path, never the caller's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] in _UNTOLD:
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        sent = Headers(scope=scope).getlist("traceparent")
        with tracing.root("request", sent[0] if len(sent) == 1 else None):
            try:
                await self._app(scope, receive, watched)
            finally:
                tracing.describe(method=method_of(scope), route=route_of(scope), http_status=status)
