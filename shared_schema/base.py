"""The base of every message."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

PROTOCOL_VERSION: Final = 1
REALTIME_PATH: Final = "/api/transcriptions/realtime"

SessionId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        description="UUID of a transcription session, lower case.",
    ),
]


class Inbound(BaseModel):
    """What a client sends: a field that the contract does not know is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )


class Outbound(BaseModel):
    """What a server sends: readers ignore fields that they do not know."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    def to_json(self) -> str:
        """Return the message as it stands on the wire, without its empty fields."""
        return self.to_bytes().decode()

    def to_bytes(self) -> bytes:
        """Return the same as UTF-8."""
        # What `model_dump_json` ends in: a relay does this thousands of times a second.
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)
