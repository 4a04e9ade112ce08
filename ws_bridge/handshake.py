"""The HTTP side of the bridge's port: upgrades, and the two health answers."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from prometheus_client import Counter
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.http11 import Request, Response
from websockets.protocol import State

from shared_schema.base import REALTIME_PATH
from transcription.errors import TranscriptionError, Unauthenticated
from transcription.identity.verifier import User, Verifier
from transcription.process.addresses import client_address
from transcription.process.logs import Bounded, quiet_logger
from transcription.process.metrics import ORIGIN_REFUSED
from ws_bridge.admission import Caller
from ws_bridge.client_socket import Socket

_BEARER: Final = "bearer "
_OF_HANDSHAKES: Final = ("unexpected internal error", "opening handshake failed")
"""As the library writes when a connection is lost within one."""


class HandshakeGuard:
    """Looks at each request before it is upgraded.

    Args:
        verifier: Tells users from tokens.
        origins: Those that a browser may come from.
        proxy_hops: How many proxies of ours stand before the bridge.
        readiness: The body of `/readyz`.
        refused: Counts refusals, by reason.
    """

    def __init__(
        self,
        *,
        verifier: Verifier,
        origins: frozenset[str],
        proxy_hops: int,
        readiness: Callable[[], dict[str, object]],
        refused: Counter,
    ) -> None:
        self._verifier = verifier
        self._origins = origins
        self._proxy_hops = proxy_hops
        self._readiness = readiness
        self._refused = refused

    async def check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer what is no upgrade, refuse a foreign origin or a bad token, else let it pass.

        Refusals that a browser has to understand come after the upgrade: it cannot read the
        answer of a failed handshake.
        """
        path = _path_of(request)
        if path == "/healthz":
            return _answer(HTTPStatus.OK, {"status": "alive"})
        if path == "/readyz":
            told = self._readiness()
            ready = told["status"] == "ready"
            return _answer(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, told)
        if path != REALTIME_PATH:
            return _answer(HTTPStatus.NOT_FOUND, {"message": "There is nothing here."})
        origins = request.headers.get_all("Origin")
        if any(origin not in self._origins for origin in origins):
            self._refused.labels(ORIGIN_REFUSED).inc()
            return _answer(HTTPStatus.FORBIDDEN, {"message": "This origin may not connect."})
        try:
            user = await self._user(request.headers)
        except TranscriptionError as error:
            self._refused.labels(error.code).inc()
            return _refusal(error)
        if isinstance(connection, Socket):
            peer = connection.remote_address
            connection.caller = Caller(
                user,
                client_address(
                    peer[0] if peer else None,
                    request.headers.get_all("X-Forwarded-For"),
                    hops=self._proxy_hops,
                ),
                _only(request.headers.get_all("traceparent")),
            )
        return None

    async def _user(self, headers: Headers) -> User | None:
        values = headers.get_all("Authorization")
        if not values:
            return None
        if len(values) > 1 or not values[0].lower().startswith(_BEARER):
            raise Unauthenticated("Authorization must be 'Bearer <access token>'.")
        return await self._verifier.user(values[0][len(_BEARER) :].strip(" "))


def _path_of(request: Request) -> str:
    """Return a request's path; nothing for a target that is no address."""
    try:
        return urlsplit(request.path).path
    except ValueError:
        return ""


def socket_logger() -> logging.Logger:
    """Return the logger of the clients' sockets."""
    logger = quiet_logger("utter.bridge.socket")
    logger.filters[:] = [_is_a_fault, Bounded()]
    return logger


def _is_a_fault(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    # The library quotes a request that it cannot read, and there may be a token in it.
    if isinstance(error, InvalidHandshake):
        return False
    # Who leaves before the answer would fill the log at no cost: the library takes that for a bug.
    socket = getattr(record, "websocket", None)
    gone = isinstance(socket, ServerConnection) and socket.protocol.state is State.CLOSED
    return not (
        gone
        and record.msg in _OF_HANDSHAKES
        and isinstance(error, AssertionError | ConnectionClosed)
    )


def _only(values: list[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _refusal(error: TranscriptionError) -> Response:
    status = HTTPStatus(error.spec().http or HTTPStatus.BAD_REQUEST)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(int(error.retry_after + 0.999))
    body = {"code": error.code, "message": error.message, "retryable": error.spec().retryable}
    return _answer(status, body, headers)


def _answer(
    status: HTTPStatus, body: dict[str, object], headers: dict[str, str] | None = None
) -> Response:
    content = json.dumps(body).encode() + b"\n"
    fields = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Connection": "close",
            **(headers or {}),
        }
    )
    return Response(status.value, status.phrase, fields, content)
