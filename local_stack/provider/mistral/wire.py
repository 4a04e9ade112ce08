"""Paths, keys and refusals of Mistral's wire."""

import hmac
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local_stack.provider import batch
from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.mistral import errors
from local_stack.provider.mistral.batch import MistralFiles
from local_stack.provider.mistral.client_sessions import MAX_BODY_BYTES, PREFIX, ClientSecrets
from local_stack.provider.mistral.models import card_json
from local_stack.provider.mistral.realtime import Conversation
from local_stack.provider.records import BatchRecord, RealtimeRecord, Record
from local_stack.provider.wire import Refusal, metrics_routes, refusal_json, refusing

REALTIME_PATH = "/v1/audio/transcriptions/realtime"


class MistralWire:
    """Batch, realtime, model cards and client secrets.

    Args:
        api_key: The one key that it takes; None: any.
        secrets: Where client secrets are kept; a store of its own by default.

    Attributes:
        refused_keys: Keys that it does not take; it takes all others.
    """

    conversation = Conversation

    def __init__(self, api_key: str | None = None, *, secrets: ClientSecrets | None = None) -> None:
        self._secrets = secrets or ClientSecrets()
        self._api_key = api_key
        self.refused_keys: set[str] = set()

    def http(self, engine: Engine, requests: list[BatchRecord], keep: Record) -> ASGIApp:
        """The HTTP half, which adds a record for every file."""

        async def models(request: Request) -> Response:
            self._authorize(request.headers.get("authorization"))
            cards = [card_json(card) for card in engine.cards().values()]
            return JSONResponse({"object": "list", "data": cards})

        async def model(request: Request) -> Response:
            self._authorize(request.headers.get("authorization"))
            card = engine.cards().get(request.path_params["model"])
            if card is None:
                raise RefusedError(404, "Model not found")
            return JSONResponse(card_json(card))

        async def transcribe(request: Request) -> Response:
            self._authorize(request.headers.get("authorization"))
            return await batch.transcribe(request, engine, requests, keep, MistralFiles())

        async def client_session(request: Request) -> Response:
            self._authorize(request.headers.get("authorization"))
            body = bytearray()
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BODY_BYTES:
                    raise RefusedError(413, "Request too large")
            return JSONResponse(self._secrets.mint(bytes(body), engine.cards()), 201)

        return Starlette(
            routes=[
                Route("/healthz", _healthz),
                *metrics_routes(engine),
                Route("/v1/models", models),
                Route("/v1/models/{model}", model),
                Route("/v1/audio/transcriptions", transcribe, methods=["POST"]),
                Route("/v1/client/sessions", client_session, methods=["POST"]),
            ],
            exception_handlers=refusing(self),
        )

    async def connect(self, engine: Engine, target: str, record: RealtimeRecord) -> RealtimeSession:
        """Begin a session for a handshake.

        Raises:
            RefusedError: Wrong path, no key or secret, no such model, or the engine's own reason.
        """
        parts = urlsplit(target)
        record.model = (parse_qs(parts.query).get("model") or [""])[0]
        if parts.path != REALTIME_PATH:
            raise RefusedError(404, "Not Found")
        offered = record.headers.get("sec-websocket-protocol")
        if offered is None:
            self._authorize(record.headers.get("authorization"))
        else:
            self._secrets.authorize(offered, record.model)
        card = engine.cards().get(record.model)
        if card is None or "realtime" not in card.modes:
            raise RefusedError(400, f"Invalid model: {record.model}")
        return await engine.connect(record.model)

    def refusal(self, error: RefusedError) -> Refusal:
        """JSON with a `message`, and `Retry-After` where there is one."""
        return refusal_json(error, errors.http_body(error.status, error.message))

    def _authorize(self, authorization: str | None) -> None:
        scheme, _, given = (authorization or "").partition(" ")
        key = given.strip()
        # A client secret opens sockets and nothing else.
        is_key = scheme.lower() == "bearer" and key and not key.startswith(PREFIX)
        is_ours = self._api_key is None or hmac.compare_digest(key.encode(), self._api_key.encode())
        if not is_key or not is_ours or key in self.refused_keys:
            raise RefusedError(401, "Unauthorized")


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})
