"""`POST /api/transcriptions`: a file in, its transcript out."""

from contextlib import aclosing
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge_functions.body import from_fields, pieces, read_json
from edge_functions.dependencies import CallerOf, IdempotencyKey
from edge_functions.event_stream import EventStream, is_wanted
from edge_functions.middleware.observe import request_id_of
from edge_functions.multipart import is_multipart, read_form
from edge_functions.openapi import ANYWHERE, multipart, problems, takes
from edge_functions.problem import event_of
from edge_functions.services import Services, ServicesOf
from edge_functions.transcriber import Asked, Transcriber
from edge_functions.uploads import Upload
from shared_schema.batch import (
    DeltaEvent,
    FinalEvent,
    SegmentEvent,
    StoredTranscriptionRequest,
    Transcription,
    TranscriptionOptions,
)
from shared_schema.errors import ErrorCode
from transcription.errors import InvalidMessage, TranscriptionError
from transcription.providers.base import Segment, TextDelta

_C = ErrorCode
_REFUSALS: Final = problems(
    *ANYWHERE,
    *(_C.INVALID_MESSAGE, _C.INVALID_AUDIO, _C.UNSUPPORTED_AUDIO, _C.PAYLOAD_TOO_LARGE),
    _C.RATE_LIMITED,
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
    openapi_extra=takes(
        StoredTranscriptionRequest, form=multipart(TranscriptionOptions, audio=True)
    ),
)
async def post_transcription(
    request: Request, caller: CallerOf, services: ServicesOf, key: IdempotencyKey = None
) -> Response:
    """Send the file as `audio` in a form, or name one in the bucket by its `storage_path`.

    With `Accept: text/event-stream` the text comes as it is recognised.
    """
    transcriber = Transcriber(
        services=services,
        caller=caller,
        key=key,
        request_id=request_id_of(request.scope),
        receive=partial(_receive, request, services=services),
    )
    if not is_wanted(request.headers.get("accept")):
        return JSONResponse(await transcriber.run())
    events = EventStream()
    # A job of its own: a reader who leaves is charged all the same, and finds the answer
    # under the idempotency key.
    job = services.in_flight.start(_stream(transcriber, events), name="stream")
    return await events.answer(job)


async def _stream(transcriber: Transcriber, events: EventStream) -> None:
    async def tell(piece: TextDelta | Segment) -> None:
        if isinstance(piece, TextDelta):
            await events.send(DeltaEvent(text=piece.text))
        else:
            where: dict[str, Any] = {"start": piece.start, "end": piece.end}
            who: dict[str, Any] = {"speaker": piece.speaker, "score": piece.score}
            await events.send(SegmentEvent(text=piece.text, **where, **who))

    try:
        transcriber.begin, transcriber.tell = events.begin, tell
        await events.send(FinalEvent.model_validate(await transcriber.run()))
    except TranscriptionError as error:
        if not events.begun:
            raise
        await events.send(event_of(error))
    finally:
        await events.send(None)


async def _receive(request: Request, upload: Upload, *, services: Services) -> Asked:
    """Read a request's body; its file, if it has one, goes to `upload`."""
    content_type = request.headers.get("content-type", "")
    if is_multipart(content_type):
        async with aclosing(pieces(request, services.body_timeouts)) as form_pieces:
            form = await read_form(form_pieces, content_type, file_field="audio", upload=upload)
        options = from_fields(TranscriptionOptions, form.fields)
        if not form.has_file:
            raise InvalidMessage("audio: Field required")
        return Asked(options)
    if content_type.partition(";")[0].strip().lower() == "application/json":
        stored = await read_json(request, StoredTranscriptionRequest, services.body_timeouts)
        options = TranscriptionOptions.model_validate(stored.model_dump(exclude={"storage_path"}))
        return Asked(options, stored.storage_path)
    raise InvalidMessage("Send multipart/form-data with a file, or application/json.")
