"""`POST /api/clone`: a recording and its transcript become a voice."""

import asyncio
from contextlib import aclosing
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge_functions import matching
from edge_functions.body import from_fields, pieces
from edge_functions.caller import Caller
from edge_functions.dependencies import CallerOf, IdempotencyKey
from edge_functions.idempotency import fingerprint
from edge_functions.multipart import Form, is_multipart, read_form
from edge_functions.openapi import ANYWHERE, multipart, problems, takes
from edge_functions.receipts import Heard
from edge_functions.services import Services, ServicesOf
from edge_functions.uploads import Upload
from edge_functions.voices import shown
from shared_schema.errors import ErrorCode
from shared_schema.voices import CloneRequest, Voice, VoiceMatch
from transcription import languages
from transcription.audio.inspection import AudioInfo
from transcription.errors import BackendUnavailable, InvalidMessage, Unauthenticated

UNDO_SECONDS: Final = 20.0
_C = ErrorCode
_REFUSALS: Final = problems(
    *ANYWHERE,
    *(_C.INVALID_MESSAGE, _C.INVALID_AUDIO, _C.UNSUPPORTED_AUDIO, _C.PAYLOAD_TOO_LARGE),
    _C.RATE_LIMITED,
    *(
        _C.NOT_FOUND,
        _C.STORAGE_LIMIT,
        _C.TEXT_MISMATCH,
        _C.REQUEST_IN_PROGRESS,
        _C.REQUEST_TIMEOUT,
        _C.CAPACITY,
        _C.DRAINING,
        _C.BACKEND_UNAVAILABLE,
    ),
)

router = APIRouter(prefix="/api")
_log = structlog.get_logger(__name__)


@router.post(
    "/clone",
    operation_id="clone",
    summary="Store a voice",
    status_code=201,
    response_model=Voice,
    responses=_REFUSALS,
    openapi_extra=takes(form=multipart(CloneRequest, audio=False)),
)
async def post_clone(
    request: Request, caller: CallerOf, services: ServicesOf, key: IdempotencyKey = None
) -> Response:
    """Send the recording as `audio`, or name a take of yours by its `storage_path`."""
    with services.in_flight.begun(), services.uploads.place(*caller.origin) as upload:
        async with upload.arriving():
            form = await _receive(request, services, upload)
        asked = from_fields(CloneRequest, form.fields)
        if form.has_file == (asked.storage_path is not None):
            raise InvalidMessage("audio: send either the file or its storage_path")
        language = languages.to_code(asked.language) or languages.AUTO
        same = fingerprint("clone", asked.storage_path or upload.sha256, asked)
        async with services.idempotency.turn(caller.user, key, same) as turn:
            if turn.answered is not None:
                return JSONResponse(turn.answered.answer, turn.answered.status)
            if asked.storage_path is not None:
                await services.storage.download(asked.storage_path, caller, upload)
            info = await services.inspector.inspect(upload.path, *caller.origin)
            heard = Heard(caller.user.id, upload.sha256, asked.machine_transcript or "")
            seconds = info.duration_seconds
            found = await matching.of_voice(asked, language, seconds, heard, services.receipts)
            matching.check(found, services.shell.settings.clone_min_match)
            voice = await _store(services, caller, asked, language, upload, info, found)
            answer: dict[str, Any] = voice.model_dump(mode="json")
            turn.keep(201, answer)
    return JSONResponse(answer, 201)


async def _receive(request: Request, services: Services, upload: Upload) -> Form:
    content_type = request.headers.get("content-type", "")
    if not is_multipart(content_type):
        raise InvalidMessage("Send multipart/form-data.")
    async with aclosing(pieces(request, services.body_timeouts)) as body:
        return await read_form(body, content_type, file_field="audio", upload=upload)


async def _store(  # noqa: PLR0917
    services: Services,
    caller: Caller,
    asked: CloneRequest,
    language: str,
    upload: Upload,
    info: AudioInfo,
    found: VoiceMatch | None,
) -> Voice:
    """Add the voice, then its recording, then say that it is whole; or leave nothing."""
    voice_id = str(uuid4())
    path = f"{caller.user.id}/voices/{voice_id}.{info.extension}"
    try:
        await services.voices.insert(
            {
                "id": voice_id,
                "user_id": caller.user.id,
                "name": asked.name,
                "language": language,
                "transcript": asked.transcript,
                "transcript_source": asked.transcript_source,
                "machine_transcript": asked.machine_transcript,
                "settled_by": asked.settled_by,
                "match": found and found.model_dump(mode="json", exclude_none=True),
                "window_start_ms": asked.window_start_ms,
                "consent": asked.consent,
                "duration_seconds": info.duration_seconds,
                "mime_type": info.mime,
                "size_bytes": upload.size,
                "storage_path": path,
            }
        )
        await services.storage.upload(path, upload.path, info.mime)
        row = await services.voices.change(voice_id, status="ready")
        if row is None:
            raise Unauthenticated("The account is gone.")
    except BaseException:
        await _undo(services, voice_id, path)
        raise
    seconds, size = info.duration_seconds, upload.size
    _log.info("voice_stored", voice_id=voice_id, user_id=caller.user.id, seconds=seconds, size=size)
    return shown(row)


async def _undo(services: Services, voice_id: str, path: str) -> None:
    """Take back what may have been stored. What cannot be reached now is swept later."""
    try:
        async with asyncio.timeout(UNDO_SECONDS):
            await services.storage.remove([path])
            await services.voices.delete(voice_id)
    except (BackendUnavailable, TimeoutError):
        _log.warning("voice_left_to_the_sweeper", voice_id=voice_id)
