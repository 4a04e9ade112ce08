"""The inner layer: bounds the size and time of requests, and answers every failure."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_functions.middleware.observe import request_id_of
from edge_functions.problem import respond
from transcription.errors import InternalError, PayloadTooLarge, TranscriptionError
from transcription.process import tracing

LINGER_SECONDS: Final = 30.0
LINGER_IDLE_SECONDS: Final = 2.0
"""A client that has stopped sending has read the answer."""

_log = structlog.get_logger(__name__)


class Guard:
    """Limits a request, and answers its failure with a problem.

    What was not expected is logged, and told as an id. What has outlived every limit of its own is
    a bug, or a neighbour that hangs: it is ended.

    An answer before the end of the body would be lost if the socket were closed at once: a
    client that is still sending meets a reset, and never reads why. So the socket stays open
    for a moment after the answer, and what comes is thrown away.

    Args:
        app: What is served.
        max_bytes: Of a body.
        seconds: For a whole request.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, seconds: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, Headers(scope=scope), self._max_bytes)
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            started = True
            if body.ended:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await body.run_out()
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        try:
            await self._within_its_time(scope, body.receive, answer)
            return
        except ClientDisconnect:
            return  # the caller is gone
        except TranscriptionError as error:
            failure = error
        except Exception:
            failure = InternalError()
            _log.exception("request_failed", error_id=failure.error_id, path=scope["path"])
        tracing.describe(
            code=failure.code, failure=failure.code if failure.spec().is_ours else None
        )
        if started:
            raise failure  # the server cuts the connection: half an answer must not look whole
        response = respond(failure, request_id=request_id_of(scope))
        await response(scope, receive, answer)

    async def _within_its_time(self, scope: Scope, receive: Receive, send: Send) -> None:
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


class _Body:
    def __init__(self, receive: Receive, headers: Headers, max_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._declared = int(headers.get("content-length", 0))
        self._received = 0
        # Such a client sends nothing until it is asked to (RFC 9110, section 10.1.1).
        self._waits = headers.get("expect", "").lower() == "100-continue"
        self.ended = self._declared == 0 and "transfer-encoding" not in headers

    async def receive(self) -> Message:
        if self._declared > self._max_bytes:
            raise self._too_large()
        self._waits = False
        message = await self._next()
        if self._received > self._max_bytes:
            raise self._too_large()
        return message

    async def run_out(self) -> None:
        """Throw away what still comes, for a while."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LINGER_SECONDS
        with suppress(TimeoutError):
            while not (self.ended or self._waits) and loop.time() < deadline:
                async with asyncio.timeout_at(min(deadline, loop.time() + LINGER_IDLE_SECONDS)):
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self.ended = self.ended or not message.get("more_body", False)
        else:
            self.ended = True
        return message

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"The request is larger than {self._max_bytes:,} bytes.")
