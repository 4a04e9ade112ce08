"""Errors of Supabase Auth: an HTTP status, a stable code, a sentence."""

from typing import Any, Self

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local_stack.errors import HttpError

VERSION_HEADER = "X-Supabase-Api-Version"
VERSION = "2024-01-01"


class AuthError(HttpError):
    """An answer of `/auth/v1` other than success.

    Args:
        status: HTTP status.
        code: One of Supabase Auth's error codes, which clients tell apart.
        message: For a person.
        extra: Members beside them (``weak_password``).
    """

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra

    @classmethod
    def unsupported(cls, what: str) -> Self:
        """A part of Supabase Auth that is not here."""
        return cls(501, "not_implemented", f"local_stack does not support {what}")

    def response(self, request: Request) -> Response:
        """The body of API version 2024-01-01 when the caller asks for it, else the older one."""
        if request.headers.get(VERSION_HEADER, "") >= VERSION:
            body = {"code": self.code, "message": self.message, **self.extra}
            return JSONResponse(body, self.status, headers={VERSION_HEADER: VERSION})
        body = {"code": self.status, "error_code": self.code, "msg": self.message, **self.extra}
        return JSONResponse(body, self.status)
