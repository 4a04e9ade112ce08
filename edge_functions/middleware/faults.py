"""Where every exception ends as an answer that says what a caller may know."""

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_functions.middleware.request_id import request_id_of
from edge_functions.problem import respond
from transcription.errors import InternalError, TranscriptionError
from transcription.process import tracing

_log = structlog.get_logger(__name__)


class Faults:
    """Answers exceptions with problems; what nobody expected is logged, and told as an id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
            return
        except ClientDisconnect:
            return  # nobody is there to be answered
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
        await response(scope, receive, send)
