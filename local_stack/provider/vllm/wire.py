"""Paths, keys and refusals of vLLM's wire."""

import hmac
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local_stack.provider import batch
from local_stack.provider import conversation as conversations
from local_stack.provider.batch import Dialect
from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.records import BatchRecord, RealtimeRecord, Record
from local_stack.provider.vllm import errors
from local_stack.provider.vllm.batch import VllmFiles
from local_stack.provider.vllm.realtime import Conversation, live_models
from local_stack.provider.wire import Refusal, metrics_routes, refusal_json, refusing

REALTIME_PATH = "/v1/realtime"


class VllmWire:
    """Batch, realtime, the list of models, and health.

    Args:
        api_key: As `--api-key`: requests without it are refused; None: no key is needed.

    Attributes:
        healthy: What `GET /health` says.
    """

    files: Dialect = VllmFiles()
    conversation: type[conversations.Conversation] = Conversation

    def __init__(self, api_key: str | None = None) -> None:
        self._api_key = api_key
        self.healthy = True

    def http(self, engine: Engine, requests: list[BatchRecord], keep: Record) -> ASGIApp:
        """The HTTP half, which adds a record for every file."""

        async def health(request: Request) -> Response:
            return Response(status_code=200 if self.healthy else 503)

        async def models(request: Request) -> Response:
            self._authorize(request.headers.get("authorization"))
            data = [{"id": one, "object": "model", "owned_by": "vllm"} for one in engine.cards()]
            return JSONResponse({"object": "list", "data": data})

        async def transcribe(request: Request) -> Response:
            self._authorize(request.headers.get("authorization"))
            return await batch.transcribe(request, engine, requests, keep, self.files)

        return Starlette(
            routes=[
                Route("/health", health),
                *metrics_routes(engine),
                Route("/v1/models", models),
                Route("/v1/audio/transcriptions", transcribe, methods=["POST"]),
            ],
            exception_handlers=refusing(self),
        )

    async def connect(self, engine: Engine, target: str, record: RealtimeRecord) -> RealtimeSession:
        """Begin a session for a handshake, which names no model yet.

        Raises:
            RefusedError: Wrong path, wrong key, or the engine's own reason.
        """
        if urlsplit(target).path != REALTIME_PATH:
            raise RefusedError(403, "Forbidden")
        self._authorize(record.headers.get("authorization"))
        record.model = live_models(engine)[0]
        return await engine.connect(record.model)

    def refusal(self, error: RefusedError) -> Refusal:
        """JSON with an `error`, and `Retry-After` where there is one."""
        return refusal_json(error, errors.http_body(error.status, error.message))

    def _authorize(self, authorization: str | None) -> None:
        scheme, _, key = (authorization or "").partition(" ")
        if self._api_key is not None and not (
            scheme.lower() == "bearer" and hmac.compare_digest(key.encode(), self._api_key.encode())
        ):
            raise RefusedError(401, "Unauthorized")
