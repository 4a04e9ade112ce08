"""`POST /api/transcriptions`: a file in, its transcript out."""

from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge_functions.dependencies import CallerOf, IdempotencyKey
from edge_functions.event_stream import EventStream, is_wanted
from edge_functions.openapi import ANYWHERE, json_body, multipart, problems
from edge_functions.problem import event_of
from edge_functions.services import ServicesOf
from edge_functions.transcribing import Transcribing
from shared_schema.batch import (
    DeltaEvent,
    FinalEvent,
    SegmentEvent,
    StoredTranscriptionRequest,
    Transcription,
    TranscriptionOptions,
)
from shared_schema.errors import ErrorCode
from transcription.errors import TranscriptionError
from transcription.providers.base import Segment, TextDelta

_C = ErrorCode
_REFUSALS: Final = problems(
    *ANYWHERE,
    *(_C.INVALID_MESSAGE, _C.INVALID_AUDIO, _C.UNSUPPORTED_AUDIO, _C.PAYLOAD_TOO_LARGE),
    *(_C.REQUEST_IN_PROGRESS, _C.REQUEST_TIMEOUT),
    *(_C.NOT_FOUND, _C.SESSION_LIMIT, _C.QUOTA_EXCEEDED, _C.BUDGET_EXCEEDED, _C.CAPACITY),
    *(_C.DRAINING, _C.TRANSCRIPTION_DISABLED, _C.LEDGER_UNAVAILABLE, _C.BACKEND_UNAVAILABLE),
    *(_C.OWN_KEY_REQUIRED, _C.OWN_KEY_REFUSED, _C.OWN_KEY_UNREADABLE),
    *(_C.PROVIDER_REJECTED, _C.PROVIDER_RATE_LIMITED, _C.PROVIDER_UNAVAILABLE),
)
_EVENTS: Final = {
    "schema": {
        "type": "string",
        "description": "Server-sent events `delta` (DeltaEvent) and `segment` (SegmentEvent), "
        "then `final` (FinalEvent) or `error` (ErrorEvent), each with its JSON as data.",
    }
}

router = APIRouter(prefix="/api")


@router.post(
    "/transcriptions",
    operation_id="transcribe",
    summary="Transcribe a file",
    response_model=Transcription,
    response_model_exclude_none=True,
    responses={200: {"content": {"text/event-stream": _EVENTS}}, **_REFUSALS},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": multipart(TranscriptionOptions, audio=True),
                "application/json": json_body(StoredTranscriptionRequest),
            },
        }
    },
)
async def post_transcription(
    request: Request, caller: CallerOf, services: ServicesOf, key: IdempotencyKey = None
) -> Response:
    """Send the file as `audio` in a form, or name one in the bucket by its `storage_path`.

    With `Accept: text/event-stream` the text comes as it is recognised.
    """
    transcribing = Transcribing(request=request, caller=caller, key=key, services=services)
    if not is_wanted(request.headers.get("accept")):
        return JSONResponse(await transcribing.run())
    events = EventStream()
    # A job of its own: a reader who leaves is charged all the same, and finds the answer
    # under the idempotency key.
    job = services.work.start(_stream(transcribing, events), name="stream")
    return await events.answer(job)


async def _stream(transcribing: Transcribing, events: EventStream) -> None:
    async def tell(piece: TextDelta | Segment) -> None:
        if isinstance(piece, TextDelta):
            await events.send(DeltaEvent(text=piece.text))
        else:
            where: dict[str, Any] = {"start": piece.start, "end": piece.end}
            await events.send(SegmentEvent(text=piece.text, speaker=piece.speaker, **where))

    try:
        answer = await replace(transcribing, begin=events.begin, tell=tell).run()
        await events.send(FinalEvent.model_validate(answer))
    except TranscriptionError as error:
        if not events.begun:
            raise
        await events.send(event_of(error))
    finally:
        await events.send(None)
