"""Errors of PostgREST: its own codes, and an HTTP status for each SQLSTATE."""

import re
from typing import Self

import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local_stack.errors import HttpError

# PostgREST, "Errors": the longest prefix of the SQLSTATE decides; others are 400. Those of features
# that are not here (cursors, foreign data, routines in other languages) are left out.
STATUS = {
    "08": 503,
    "23503": 409,
    "23505": 409,
    "25": 500,
    "25006": 405,
    "28": 403,
    "40": 500,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "57P01": 503,
    "58": 500,
    "P0": 500,
    "P0001": 400,
    "XX": 500,
}
RAISED_STATUS = re.compile(r"PT([45]\d\d)")  # `raise sqlstate 'PT429'` names the status itself


class RestError(HttpError):
    """An answer of `/rest/v1` other than success.

    Args:
        status: HTTP status.
        code: A `PGRST…` code or the SQLSTATE.
        message: For a person.
        details: More of it, or ``None``.
        hint: What to do, or ``None``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "details": details, "hint": hint, "message": message}

    @classmethod
    def unsupported(cls, what: str) -> Self:
        """A part of PostgREST that is not here."""
        return cls(501, "not_implemented", f"local_stack does not support {what}")

    @classmethod
    def not_parsed(cls, what: str, text: str) -> Self:
        """A query parameter that PostgREST's grammar does not have."""
        return cls(400, "PGRST100", f'"failed to parse {what} ({text})"')

    @classmethod
    def from_postgres(cls, error: psycopg.Error, role: str) -> Self:
        """What Postgres refused, for a caller of a role."""
        code = error.sqlstate
        if code is None and isinstance(error, psycopg.DataError | psycopg.ProgrammingError):
            return cls(400, "PGRST100", "the request holds what Postgres cannot")
        if code is None:
            return cls(503, "PGRST001", "Database connection error. Retrying the connection.")
        diag = error.diag
        return cls(
            _status(code, role),
            code,
            diag.message_primary or "",
            details=diag.message_detail,
            hint=diag.message_hint,
        )

    def response(self, request: Request) -> Response:
        """The body, and a challenge where a token would help."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        return JSONResponse(self.body, self.status, headers=headers)


def _status(code: str, role: str) -> int:
    if raised := RAISED_STATUS.fullmatch(code):
        return int(raised[1])
    if code == "42501":
        return 401 if role == "anon" else 403
    return STATUS.get(code) or STATUS.get(code[:2], 400)
