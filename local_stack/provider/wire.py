"""How bytes look on the sockets: the interface between the server and a wire."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local_stack.provider.conversation import Conversation
from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.records import BatchRecord, RealtimeRecord, Record


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer that refuses a request or handshake."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """One provider's protocol over any engine."""

    def http(self, engine: Engine, requests: list[BatchRecord], keep: Record) -> ASGIApp:
        """The HTTP half, which adds a record for every file.

        Every request's state has `abort`, a function that cuts its connection.
        """

    async def connect(self, engine: Engine, target: str, record: RealtimeRecord) -> RealtimeSession:
        """Begin a session for a handshake.

        Args:
            engine: What hears.
            target: Path and query of the handshake.
            record: Has the headers; takes the model.

        Raises:
            RefusedError: The handshake is to be refused.
        """

    def refusal(self, error: RefusedError) -> Refusal:
        """How this wire refuses."""

    @property
    def conversation(self) -> type[Conversation]:
        """What speaks on an upgraded socket."""


def refusing(wire: Wire) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Exception handlers of an HTTP half that refuses as its wire does."""

    async def refuse(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            error = RefusedError(error.status_code, error.detail)
        assert isinstance(error, RefusedError)  # noqa: S101 - as registered
        refusal = wire.refusal(error)
        return Response(refusal.body, refusal.status, refusal.headers)

    return {RefusedError: refuse, HTTPException: refuse}


def metrics_routes(engine: Engine) -> list[Route]:
    """`GET /metrics`, of an engine that counts."""

    async def metrics(request: Request) -> Response:
        return Response(engine.exposition(), media_type="text/plain; version=0.0.4")

    return [Route("/metrics", metrics)]


def refusal_json(error: RefusedError, body: Mapping[str, Any]) -> Refusal:
    """A refusal with this JSON, unless the error brings its own; and its `Retry-After`."""
    headers = {"Content-Type": "application/json"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    text = json.dumps(body) if error.body is None else error.body
    return Refusal(error.status, headers, text.encode())
