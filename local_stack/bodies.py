"""Request bodies, read no further than a limit."""

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
