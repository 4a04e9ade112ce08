"""Files on the wire; what a form and an answer look like is each wire's own."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Protocol

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message

from local_stack.provider.engine import (
    Abort,
    Done,
    Engine,
    Event,
    Failed,
    FileRequest,
    RefusedError,
    Verbatim,
)
from local_stack.provider.records import BatchRecord, Record

MAX_BODY_BYTES = 100 * 1024 * 1024
"""Greatest request body."""


class Dialect(Protocol):
    """How one wire asks for a file's transcript and answers."""

    async def parse(self, form: FormData, engine: Engine) -> tuple[FileRequest, bool]:
        """The form as a request, and whether to answer with server-sent events.

        Raises:
            RefusedError: The form is wrong, or the model cannot do what it asks for.
        """

    def whole(self, done: Done, model: str) -> dict[str, Any]:
        """The answer's JSON."""

    def server_sent(self, event: Event, model: str) -> str:
        """An event's lines, the blank one included; nothing where the wire has none for it."""


async def transcribe(
    request: Request, engine: Engine, records: list[BatchRecord], keep: Record, dialect: Dialect
) -> Response:
    """Answer one file, whole or as server-sent events.

    The request's state must have `abort`, which cuts its connection.

    Raises:
        RefusedError: The file is not taken.
    """
    async with _bounded(request).form(max_files=1, max_fields=300) as form:
        record = await _record(request, form, keep)
        if keep != "none":
            records.append(record)
        try:
            asked, stream = await dialect.parse(form, engine)
            events = engine.transcribe(asked)
            first = await anext(events)
        except RefusedError as refused:
            record.status = refused.status
            raise
    if isinstance(first, Abort) or not stream:
        async with aclosing(events):
            done = await _last(first, events)
        if isinstance(done, Abort):
            request.state.abort()
            return Response(status_code=500)
        if not isinstance(done, Done):
            record.status = 500
            message = done.message if isinstance(done, Failed) else "no answer"
            raise RefusedError(500, message)
        record.status = 200
        return JSONResponse(dialect.whole(done, asked.model))
    record.status = 200
    return StreamingResponse(
        _server_sent(request, first, events, asked.model, dialect), media_type="text/event-stream"
    )


def field(form: FormData, name: str) -> str | None:
    """A text field; None where there is none, or it is empty."""
    value = form.get(name)
    return value if isinstance(value, str) and value else None


def _bounded(request: Request) -> Request:
    """The same request, whose body cannot be read beyond the limit."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise RefusedError(413, f"at most {MAX_BODY_BYTES} bytes are taken")
        return message

    return Request(request.scope, receive)


async def _record(request: Request, form: FormData, keep: Record) -> BatchRecord:
    record = BatchRecord(dict(request.headers))
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            await value.seek(0)
            record.filename = value.filename or ""
            record.content_type = value.content_type or ""
            record.size = len(data)
            record.data = data if keep == "full" else b""
        else:
            record.fields.append((name, value))
    return record


async def _last(first: Event, events: AsyncIterator[Event]) -> Event:
    last = first
    async for event in events:
        last = event
    return last


async def _server_sent(
    request: Request, first: Event, events: AsyncGenerator[Event], model: str, dialect: Dialect
) -> AsyncIterator[str]:
    async with aclosing(events):
        event: Event | None = first
        while event is not None:
            if isinstance(event, Abort):
                request.state.abort()
                return
            if isinstance(event, Verbatim):
                yield event.data
            else:
                yield dialect.server_sent(event, model)
            if isinstance(event, Done | Failed):
                return
            event = await anext(events, None)
