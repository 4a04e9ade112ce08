"""What the server saw, for tests to look at."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Record = Literal["full", "counts", "none"]
"""`full` keeps audio and every message, `counts` numbers and the rare messages, `none` nothing,
for a server that runs for long."""


@dataclass(eq=False)
class RealtimeRecord:
    """One realtime connect, accepted or refused.

    Attributes:
        headers: Of the handshake request, names in lower case.
        model: As asked for.
        status: HTTP status of the handshake's answer; 0 until it is answered.
        request_id: As told in `session.created`.
        audio: Bytes received so far, decoded; stays empty with `record="counts"`.
        audio_bytes: Number of those bytes, always counted.
        frames: Appends received so far.
        messages: Every JSON message received, verbatim; without appends with `record="counts"`.
        sent: Types of the events sent so far, in order; without deltas with `record="counts"`.
        open: Whether the socket is up.
        closed: Set once it is down and the engine has let go of the session.
        close_code: The peer's close code, None without a close frame from it.
    """

    headers: Mapping[str, str] = field(repr=False)
    model: str = ""
    status: int = 0
    request_id: str = ""
    audio: bytearray = field(default_factory=bytearray, repr=False)
    audio_bytes: int = 0
    frames: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list, repr=False)
    sent: list[str] = field(default_factory=list, repr=False)
    open: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    close_code: int | None = None


@dataclass(eq=False)
class BatchRecord:
    """One `POST /v1/audio/transcriptions` whose body could be read.

    Attributes:
        headers: Of the request, names in lower case.
        fields: The form's text fields in order, as sent.
        filename: Of the file part; "" without one.
        content_type: Of the file part, as claimed.
        data: The file; stays empty with `record="counts"`.
        size: Bytes in the file, always counted.
        status: HTTP status of the answer; 0 until it is answered or when it never was.
    """

    headers: Mapping[str, str] = field(repr=False)
    fields: list[tuple[str, str]] = field(default_factory=list)
    filename: str = ""
    content_type: str = ""
    data: bytes = field(default=b"", repr=False)
    size: int = 0
    status: int = 0
