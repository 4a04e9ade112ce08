"""`/api/voices`: what a user has stored."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator, BeforeValidator

from edge_functions.body import read_json
from edge_functions.caller import Caller
from edge_functions.dependencies import CallerOf
from edge_functions.openapi import ANYWHERE, problems, takes
from edge_functions.services import Services, ServicesOf
from edge_functions.voice_table import ListedVoice, VoiceRow
from shared_schema.errors import ErrorCode
from shared_schema.limits import MAX_VOICES_LISTED
from shared_schema.voices import VOICES_BEFORE, Voice, VoiceChangeRequest, VoiceDetail, VoiceList
from transcription.errors import BackendUnavailable, NotFound

_C = ErrorCode
_REFUSALS: Final = problems(*ANYWHERE, _C.BACKEND_UNAVAILABLE, _C.INVALID_MESSAGE)
_OF_ONE: Final = problems(*ANYWHERE, _C.BACKEND_UNAVAILABLE, _C.NOT_FOUND, _C.INVALID_MESSAGE)

router = APIRouter(prefix="/api/voices")
_log = structlog.get_logger(__name__)


def _in_the_calendar(moment: str | None) -> str | None:
    if moment is not None:
        datetime.fromisoformat(moment)
    return moment


def _written(pattern: str) -> BeforeValidator:
    """Refuse what has another form, though Python would read it."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise ValueError("has another form")
        return value

    return BeforeValidator(check)


_UUID: Final = "(?i:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12})"
VoiceId = Annotated[UUID, _written(_UUID), Path(description="As the list has it.")]


@router.get(
    "",
    operation_id="listVoices",
    summary="List voices",
    responses=_REFUSALS,
    response_model_exclude_none=True,
)
async def list_voices(
    caller: CallerOf,
    services: ServicesOf,
    limit: Annotated[
        int, _written("[0-9]{1,4}"), Query(ge=1, le=MAX_VOICES_LISTED)
    ] = MAX_VOICES_LISTED,
    before: Annotated[
        str | None,
        Query(pattern=VOICES_BEFORE, description="`next` of the answer before."),
        AfterValidator(_in_the_calendar),
    ] = None,
) -> VoiceList:
    """The caller's voices, newest first, and where to read on."""
    rows = await services.voices.of(caller, limit=limit + 1, before=before)
    voices = tuple(map(shown, rows[:limit]))
    more = len(rows) > limit
    return VoiceList(voices=voices, next=in_utc(voices[-1].created_at) if more else None)


@router.get(
    "/{voice_id}",
    operation_id="getVoice",
    summary="Show a voice",
    responses=_OF_ONE,
    response_model_exclude_none=True,
)
async def get_voice(voice_id: VoiceId, caller: CallerOf, services: ServicesOf) -> VoiceDetail:
    """A voice with its transcript, and an address where its recording can be fetched."""
    row = await ready_voice(voice_id, caller, services)
    seconds = services.shell.settings.signed_url_seconds
    return VoiceDetail(
        **shown(row).model_dump(),
        transcript=row.transcript,
        transcript_source=row.transcript_source,
        machine_transcript=row.machine_transcript,
        settled_by=row.settled_by,
        window_start_ms=row.window_start_ms,
        match=row.match,
        consent=row.consent,
        audio_url=await services.storage.sign(row.storage_path, caller, seconds=seconds),
        audio_url_expires_in=seconds,
    )


@router.patch(
    "/{voice_id}",
    operation_id="changeVoice",
    summary="Rename a voice",
    responses=problems(
        *(*ANYWHERE, _C.BACKEND_UNAVAILABLE, _C.NOT_FOUND),
        *(_C.INVALID_MESSAGE, _C.PAYLOAD_TOO_LARGE, _C.REQUEST_TIMEOUT),
    ),
    openapi_extra=takes(VoiceChangeRequest),
)
async def change_voice(
    voice_id: VoiceId, request: Request, caller: CallerOf, services: ServicesOf
) -> Voice:
    """Give a voice another name; two voices may have the same."""
    change = await read_json(request, VoiceChangeRequest, services.body_timeouts)
    row = await ready_voice(voice_id, caller, services)
    renamed = await services.voices.change(str(row.id), name=change.name)
    if renamed is None:
        raise NotFound("There is no such voice of yours.")
    return shown(renamed)


@router.delete(
    "/{voice_id}",
    operation_id="deleteVoice",
    summary="Delete a voice",
    status_code=204,
    responses=_OF_ONE,
)
async def delete_voice(voice_id: VoiceId, caller: CallerOf, services: ServicesOf) -> None:
    """Remove a voice and its recording."""
    row = await _find(voice_id, caller, services)
    await services.voices.delete(str(row.id))
    try:
        await services.storage.remove([row.storage_path])
    except BackendUnavailable:
        # A recording without a voice is swept.
        _log.warning("recording_left_to_the_sweeper", voice_id=str(row.id))


def shown(row: ListedVoice) -> Voice:
    """Return a voice as it stands in a list."""
    return Voice(
        voice_id=str(row.id),
        name=row.name,
        language=row.language,
        duration_seconds=row.duration_seconds,
        created_at=row.created_at,
    )


def in_utc(moment: datetime) -> str:
    """Return a moment to the microsecond, as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


async def ready_voice(voice_id: UUID, caller: Caller, services: Services) -> VoiceRow:
    """Return a voice of the caller's own, with its recording.

    Raises:
        NotFound: there is none.
        SupabaseUnavailable: it cannot be read now.
    """
    row = await _find(voice_id, caller, services)
    if row.status != "ready":
        raise NotFound("There is no such voice of yours.")
    return row


async def _find(voice_id: UUID, caller: Caller, services: Services) -> VoiceRow:
    row = await services.voices.find(str(voice_id), caller)
    if row is None:
        raise NotFound("There is no such voice of yours.")
    return row
