"""Read what the service says, also a newer one."""

import json
from typing import Any

from pydantic import ValidationError

from shared_schema.errors import ErrorCode
from shared_schema.server_messages import SERVER_MESSAGE_TYPES, AnyServerMessage, server_message


def parse(raw: str | bytes) -> AnyServerMessage | None:
    """Return the message, None for one that is not understood.

    A field whose value is not understood, such as a new error code, is left out where it may be:
    the rest of a `final` or an `error` is worth more.
    """
    try:
        return server_message.validate_json(raw)
    except ValidationError as error:
        strange = {str(fault["loc"][1]) for fault in error.errors() if len(fault["loc"]) > 1}
    try:
        fields: dict[str, Any] = json.loads(raw)
        if fields["type"] not in SERVER_MESSAGE_TYPES:
            return None
        known = {name: value for name, value in fields.items() if name not in strange}
        if fields["type"] == "error":
            known.setdefault("code", ErrorCode.INTERNAL)
        return server_message.validate_python(known)
    except (ValueError, TypeError, KeyError):
        return None
