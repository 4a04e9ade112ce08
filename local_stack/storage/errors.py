"""Errors of Supabase Storage: the true status stands in the body, the HTTP status is 400."""

from typing import Self

import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local_stack.errors import HttpError


class StorageError(HttpError):
    """An answer of `/storage/v1` other than success.

    Args:
        status: The true status, which clients read from `statusCode`.
        error: A name for the fault.
        message: For a person.
    """

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message

    @classmethod
    def unsupported(cls, what: str) -> Self:
        """A part of Supabase Storage that is not here."""
        return cls(501, "not_implemented", f"local_stack does not support {what}")

    @classmethod
    def bucket_not_found(cls) -> Self:
        """No such bucket."""
        return cls(404, "Bucket not found", "Bucket not found")

    @classmethod
    def object_not_found(cls) -> Self:
        """No such object, or none that the caller may see."""
        return cls(404, "not_found", "Object not found")

    @classmethod
    def too_large(cls) -> Self:
        """More bytes than the bucket takes."""
        message = "The object exceeded the maximum allowed size"
        return cls(413, "Payload too large", message)

    @classmethod
    def bad_mime_type(cls, mime_type: str) -> Self:
        """A kind of file that the bucket does not take."""
        return cls(415, "invalid_mime_type", f"mime type {mime_type} is not supported")

    @classmethod
    def bad_request(cls, message: str) -> Self:
        """A body or parameter that makes no sense."""
        return cls(400, "InvalidRequest", message)

    @classmethod
    def from_postgres(cls, error: psycopg.Error) -> Self:
        """What Postgres refused; policies above all."""
        match error:
            case psycopg.errors.InsufficientPrivilege():
                message = "new row violates row-level security policy"
                return cls(403, "Unauthorized", message)
            case psycopg.errors.UniqueViolation():
                return cls(409, "Duplicate", "The resource already exists")
            case psycopg.errors.ForeignKeyViolation():
                return cls(404, "InvalidRequest", "The related resource does not exist")
            case psycopg.DataError():
                return cls.bad_request("the request holds what Postgres cannot")
            case psycopg.OperationalError():
                return cls(503, "DatabaseConnectionLimit", "The database cannot be reached")
            case _:
                return cls(500, "DatabaseError", error.diag.message_primary or "Database error")

    def response(self, request: Request) -> Response:
        """HTTP 400 with the true status inside; 500 and more as they are."""
        body = {"statusCode": str(self.status), "error": self.error, "message": self.message}
        return JSONResponse(body, self.status if self.status >= 500 else 400)
