"""Error bodies and events as Mistral shapes them."""

from typing import Any

from local_stack.provider.engine import Message

# The service numbers its errors without publishing the numbers; these only tell causes apart.
INVALID_MESSAGE = 3001
INVALID_AUDIO = 3002
AUDIO_STARTED = 3003
INVALID_SESSION = 3004
ENGINE_LOST = 3005

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limited",
}


def http_body(status: int, message: Message) -> dict[str, Any]:
    """The JSON of a refused HTTP request or handshake."""
    if status == 401 and isinstance(message, str):
        return {"detail": message}
    return {
        "object": "error",
        "message": message,
        "type": _TYPES.get(status, "internal_server_error"),
        "param": None,
        "code": str(status),
    }


def invalid_field(location: tuple[str, ...], text: str) -> dict[str, Any]:
    """The object form of `message`: the fault of one field, as a validator reports it."""
    return {"detail": [{"type": "value_error", "loc": list(location), "msg": text}]}


def event(message: Message, code: int) -> dict[str, Any]:
    """The `error` event of a realtime session."""
    return {"type": "error", "error": {"message": message, "code": code}}
