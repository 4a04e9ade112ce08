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


class BadJsonError(ValueError):
    """The body is no JSON, or not of the wanted kind."""


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        BodyTooLargeError: It is larger than :data:`MAX_JSON_BYTES`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise BodyTooLargeError
    return bytes(body)


def parse(body: bytes) -> Any:
    """The value of JSON text that can be written again as UTF-8.

    Raises:
        BadJsonError: It is none, holds half a surrogate pair, or is nested beyond reason.
    """
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadJsonError("not JSON") from error
    return value


async def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        BodyTooLargeError: See :func:`read_body`.
        BadJsonError: It is none.
    """
    value = parse(await read_body(request))
    if not isinstance(value, dict):
        raise BadJsonError("not an object")
    return value
