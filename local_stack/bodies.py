"""Request bodies, read no further than a limit."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local_stack.errors import HttpError

MAX_JSON_BYTES = 1_048_576


class BodyTooLargeError(HttpError):
    """The body goes on beyond the limit."""

    def response(self, request: Request) -> Response:
        """HTTP 413, as Supabase's gateway phrases it."""
        return JSONResponse({"message": "Request size limit exceeded"}, 413)


async def read_body(request: Request, limit: int = MAX_JSON_BYTES) -> bytes:
    """The whole body.

    Args:
        request: Whose body.
        limit: Bytes.

    Raises:
        BodyTooLargeError: It is larger.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLargeError
    return bytes(body)


class BadJsonError(ValueError):
    """The body is no JSON, or no object."""


async def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        BodyTooLargeError: See :func:`read_body`.
        BadJsonError: It is none.
    """
    try:
        body = json.loads(await read_body(request))
    except ValueError as error:
        raise BadJsonError("not JSON") from error
    if not isinstance(body, dict):
        raise BadJsonError("not an object")
    return body
