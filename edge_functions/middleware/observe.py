"""The outer layer: every request has a name, a trace, a time, and headers that browsers obey."""

import re
import time
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from transcription.process import tracing

REQUEST_ID: Final = "X-Request-Id"
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED: Final = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds, and by no user."""
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}


def request_id_of(scope: MutableMapping[str, Any]) -> str:
    """Return the name of a request that came through `Observe`."""
    return str(scope["state"]["request_id"])


def content_security_policy(*, connect: tuple[str, ...]) -> str:
    """Return the policy of our pages (CSP level 3): our own scripts, and no inline ones.

    Args:
        connect: Addresses that the page calls besides its own host.
    """
    origins = sorted({_origin(url) for url in connect})
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("connect-src 'self'", *origins)),
            # Recordings are played from memory, and voices from signed addresses.
            " ".join(("media-src 'self' blob:", *(o for o in origins if o.startswith("http")))),
            "worker-src 'self' blob:",
            "img-src 'self' data:",
            "style-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Observe:
    """Names, traces and times every request, under its route's own path and never the caller's.

    A well-formed `X-Request-Id` of the caller's is kept, else one is made.

    Args:
        app: What is served.
        histogram: With the labels route, method and status.
        policy: `Content-Security-Policy` of every answer.
    """

    def __init__(self, app: ASGIApp, *, histogram: Histogram, policy: str) -> None:
        self._app = app
        self._histogram = histogram
        self._headers = {**_HEADERS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get(REQUEST_ID, "")
        request_id = asked if _WELL_FORMED.fullmatch(asked) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["path"] in _UNTRACED:
                await self._serve(scope, receive, send)
                return
            sent = headers.getlist("traceparent")
            with tracing.root("request", sent[0] if len(sent) == 1 else None):
                await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, MutableHeaders(scope=message))
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, watched)
        finally:
            route = str(getattr(scope.get("route"), "path", "other"))
            method = str(scope["method"]) if scope["method"] in _METHODS else "other"
            labels = (route, method, "none" if status is None else str(status))
            self._histogram.labels(*labels).observe(time.perf_counter() - began)
            if scope["path"] not in _UNTRACED:
                tracing.describe(method=method, route=route, http_status=status)

    def _add_headers(self, scope: Scope, headers: MutableHeaders) -> None:
        headers[REQUEST_ID] = request_id_of(scope)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if scope["path"].startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")
