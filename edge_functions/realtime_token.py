"""`POST /api/transcriptions/realtime-token`: a client is let talk to the provider by itself."""

from typing import Final

from fastapi import APIRouter, Request

from edge_functions.body import M, read_json
from edge_functions.dependencies import CallerOf
from edge_functions.direct_sessions import DirectSessions
from edge_functions.openapi import ANYWHERE, problems, takes
from edge_functions.services import Services, ServicesOf
from shared_schema.base import SessionId
from shared_schema.direct import (
    RealtimeSettlement,
    RealtimeSettlementRequest,
    RealtimeToken,
    RealtimeTokenRequest,
)
from shared_schema.errors import ErrorCode
from transcription.errors import InvalidMessage, TranscriptionDisabled

_C = ErrorCode
_BODY: Final = (
    *(_C.INVALID_MESSAGE, _C.PAYLOAD_TOO_LARGE, _C.REQUEST_TIMEOUT),
    *(_C.NOT_FOUND, _C.TRANSCRIPTION_DISABLED),
)
_REFUSALS: Final = problems(
    *ANYWHERE,
    *_BODY,
    *(_C.SESSION_LIMIT, _C.QUOTA_EXCEEDED, _C.BUDGET_EXCEEDED, _C.CAPACITY, _C.DRAINING),
    *(
        _C.LEDGER_UNAVAILABLE,
        _C.BACKEND_UNAVAILABLE,
        _C.PROVIDER_REJECTED,
        _C.PROVIDER_RATE_LIMITED,
    ),
    *(_C.PROVIDER_UNAVAILABLE, _C.OWN_KEY_REFUSED, _C.OWN_KEY_UNREADABLE),
)

router = APIRouter(prefix="/api/transcriptions/realtime-token")


@router.post(
    "",
    operation_id="realtimeToken",
    summary="Get a token for the provider",
    response_model_exclude_none=True,
    responses=_REFUSALS,
    openapi_extra=takes(RealtimeTokenRequest),
)
async def post_realtime_token(
    request: Request, caller: CallerOf, services: ServicesOf
) -> RealtimeToken:
    """Reserve seconds, and get what opens a socket with the provider for a short while.

    Where the deployment's mode is `bridge`, or its provider gives out no such tokens, this is off.
    """
    direct = _direct(services)
    with services.in_flight.begun():
        asked = await _json(request, RealtimeTokenRequest, services)
        return await direct.open(asked, caller)


@router.post(
    "/{session_id}/settle",
    operation_id="settleRealtimeToken",
    summary="Say that a session is over",
    responses=problems(*ANYWHERE, *_BODY, _C.LEDGER_UNAVAILABLE),
    openapi_extra=takes(RealtimeSettlementRequest),
)
async def post_settlement(
    session_id: SessionId, request: Request, caller: CallerOf, services: ServicesOf
) -> RealtimeSettlement:
    """End a session that was opened with a token: it frees the place and returns what is left.

    What is charged is the audio that is told, and never less than the time that has passed or the
    token's life. A session that is not settled is charged all that was granted.
    """
    direct = _direct(services)
    asked = await _json(request, RealtimeSettlementRequest, services)
    return await direct.settle(session_id, asked.audio_seconds, caller)


def _direct(services: Services) -> DirectSessions:
    if services.direct is None:
        raise TranscriptionDisabled("There are no tokens here: live words go over the bridge.")
    return services.direct


async def _json(request: Request, shape: type[M], services: Services) -> M:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidMessage("Send application/json.")
    return await read_json(request, shape, services.body_timeouts)
