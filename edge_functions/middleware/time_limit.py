"""The longest that a request may take."""

import asyncio

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from transcription.errors import InternalError

_log = structlog.get_logger(__name__)


class TimeLimit:
    """Ends what has outlived every limit of its own: a bug, or a neighbour that hangs.

    Args:
        app: What is served.
        seconds: For a whole request.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                await self._app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            error = InternalError()
            _log.error("request_takes_too_long", path=scope["path"], error_id=error.error_id)
            raise error from None
