"""How long requests take, by route."""

import time

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})


class Measure:
    """Observes every request under its route's own path, never the caller's.

    Args:
        app: What is served.
        histogram: With the labels route, method and status.
    """

    def __init__(self, app: ASGIApp, *, histogram: Histogram) -> None:
        self._app = app
        self._histogram = histogram

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "none"

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, watched)
        finally:
            labels = (route_of(scope), method_of(scope), status)
            self._histogram.labels(*labels).observe(time.perf_counter() - began)


def route_of(scope: Scope) -> str:
    """Return the path of the route that a request came to, as it was declared."""
    return str(getattr(scope.get("route"), "path", "other"))


def method_of(scope: Scope) -> str:
    """Return a request's method, where it is one that is served."""
    return str(scope["method"]) if scope["method"] in _METHODS else "other"
