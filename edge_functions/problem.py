"""Exceptions as `application/problem+json` (RFC 9457)."""

import math
from collections.abc import Sequence
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from edge_functions.middleware.observe import request_id_of
from shared_schema.batch import ErrorEvent, Problem
from transcription.errors import (
    InvalidMessage,
    NotFound,
    SessionLimit,
    TextMismatch,
    TranscriptionError,
)

MEDIA_TYPE: Final = "application/problem+json"
_TOLD_FAULTS: Final = 5


def problem_of(
    error: TranscriptionError, *, request_id: str | None = None, status: int | None = None
) -> Problem:
    """Return an error as a caller sees it.

    Args:
        error: What went wrong.
        request_id: Of the request, for a report to the operator.
        status: HTTP status, where it is not that of the table of codes.
    """
    spec = error.spec()
    return Problem(
        type=f"urn:utter-transcribe:problem:{error.code}",
        title=spec.title,
        status=status or spec.http or 500,
        detail=error.message,
        code=error.code,
        retryable=spec.retryable,
        retry_after=error.retry_after,
        open_sessions=error.open_sessions or None if isinstance(error, SessionLimit) else None,
        match=error.match if isinstance(error, TextMismatch) else None,
        request_id=request_id,
    )


def event_of(error: TranscriptionError) -> ErrorEvent:
    """Return the server-sent event that ends a stream with an error."""
    return ErrorEvent(
        message=error.message,
        code=error.code,
        retryable=error.spec().retryable,
        retry_after=error.retry_after,
    )


def respond(
    error: TranscriptionError,
    *,
    request_id: str | None = None,
    status: int | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an error as an HTTP answer."""
    problem = problem_of(error, request_id=request_id, status=status)
    fields = dict(headers or {})
    if problem.status == 401:
        fields["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        # Whole seconds (RFC 9110, section 10.2.3), and not too early.
        fields["Retry-After"] = str(math.ceil(problem.retry_after))
    return Response(problem.to_json(), problem.status, fields, media_type=MEDIA_TYPE)


async def http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: no such path, or not by this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - how it is registered
    told = NotFound("There is nothing here.") if error.status_code == 404 else InvalidMessage()
    if error.status_code == 405:
        told = InvalidMessage(f"{request.method} is not for this address.")
    return respond(
        told,
        request_id=request_id_of(request.scope),
        status=error.status_code,
        headers=dict(error.headers or {}),
    )


async def validation_error(request: Request, error: Exception) -> Response:
    """Answer parameters that do not fit, without repeating them."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it is registered
    return respond(invalid(error.errors()), request_id=request_id_of(request.scope))


def invalid(faults: Sequence[Any]) -> InvalidMessage:
    """Return pydantic's first faults in words, by field and without the values."""
    told = []
    for fault in faults[:_TOLD_FAULTS]:
        where = ".".join(str(part)[:64] for part in fault["loc"] if part not in {"path", "header"})
        words = str(fault["msg"]).removeprefix("Value error, ")
        told.append(f"{where}: {words}" if where else words)
    return InvalidMessage("; ".join(told) or None)
