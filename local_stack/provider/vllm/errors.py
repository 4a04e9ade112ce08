"""Errors as vLLM shapes them: an object over HTTP, a bare string on the socket."""

import json
from typing import Any

from local_stack.provider.engine import Message

_TYPES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    404: "NotFoundError",
    422: "BadRequestError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
}
_NOT_FOUND = 404
"""Of a model: paths that are not there are answered by the framework."""
_CODES = {400: "invalid_event", 404: "model_not_found", 422: "invalid_audio"}
"""Of a script's number for an error; any other is a failure while recognising."""


def http_body(status: int, message: Message) -> dict[str, Any]:
    """The JSON of a refused HTTP request or handshake."""
    return {
        "error": {
            "message": text(message),
            "type": _TYPES.get(status, "InternalServerError"),
            "param": "model" if status == _NOT_FOUND else None,
            "code": status,
        }
    }


def event(message: Message, code: str) -> dict[str, Any]:
    """The `error` event of a realtime session."""
    return {"type": "error", "error": text(message), "code": code}


def code_of(number: int | None) -> str:
    """The socket's code for a number of an engine's."""
    return "processing_error" if number is None else _CODES.get(number, "processing_error")


def text(message: Message) -> str:
    """A message as this wire has it: always a string."""
    if isinstance(message, dict):
        detail = message.get("detail")
        return detail if isinstance(detail, str) else json.dumps(message)
    return message
