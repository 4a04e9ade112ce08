"""Files on the wire: `POST /v1/audio/transcriptions`."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

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
    ModelCard,
    RefusedError,
    Verbatim,
)
from local_stack.provider.mistral import errors
from local_stack.provider.mistral.events import done_json, event_json
from local_stack.provider.records import BatchRecord, Record

MAX_BODY_BYTES = 100 * 1024 * 1024
"""Greatest request body."""

_TRUE = ("true", "1")
_MAX_BIAS_TERMS = 100


async def transcribe(
    request: Request, engine: Engine, records: list[BatchRecord], keep: Record
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
            asked, stream = await _parse(form, engine)
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
        return JSONResponse(done_json(done, asked.model))
    record.status = 200
    return StreamingResponse(
        _server_sent(request, first, events, asked.model), media_type="text/event-stream"
    )


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


async def _parse(form: FormData, engine: Engine) -> tuple[FileRequest, bool]:
    """The form as a request, and whether to answer with server-sent events."""

    def text(name: str) -> str | None:
        value = form.get(name)
        return value if isinstance(value, str) and value else None

    model = text("model")
    if model is None:
        raise _invalid("model", "Field required")
    card = engine.cards().get(model)
    if card is None or "offline" not in card.modes:
        raise RefusedError(400, f"Invalid model: {model}")
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise _invalid("file", "A file is required; file_url and file_id are not offered here")
    granularities = [str(value) for value in form.getlist("timestamp_granularities")]
    request = FileRequest(
        model=model,
        data=await upload.read(),
        filename=upload.filename or "",
        language=text("language"),
        context_bias=tuple(str(term) for term in form.getlist("context_bias")),
        granularity=granularities[0] if granularities else None,
        diarize=text("diarize") in _TRUE,
    )
    _check(request, granularities, card)
    return request, text("stream") in _TRUE


def _check(request: FileRequest, granularities: list[str], card: ModelCard) -> None:
    if request.language is not None and request.language not in card.languages:
        raise _invalid("language", f"must be one of {', '.join(card.languages)}")
    for granularity in granularities:
        if granularity not in ("segment", "word"):
            raise _invalid("timestamp_granularities", "must be segment or word")
        if granularity not in card.timestamp_granularities:
            raise RefusedError(400, f"{card.id} has no {granularity} timestamps")
    if len(granularities) > 1:
        raise _invalid("timestamp_granularities", "only one is taken")
    if request.language and granularities and card.language_excludes_timestamps:
        raise RefusedError(400, f"{card.id} takes language or timestamp_granularities, not both")
    if request.diarize and not card.diarization:
        raise RefusedError(400, f"{card.id} cannot tell speakers apart")
    if request.diarize and granularities != ["segment"]:
        raise RefusedError(400, "diarize needs timestamp_granularities to be segment")
    if request.context_bias and not card.context_bias:
        raise RefusedError(400, f"{card.id} takes no context_bias")
    if len(request.context_bias) > _MAX_BIAS_TERMS:
        raise _invalid("context_bias", f"at most {_MAX_BIAS_TERMS} terms are taken")
    if any(not re.fullmatch(card.bias_pattern, term) for term in request.context_bias):
        raise _invalid("context_bias", f"every term must match ^{card.bias_pattern}$")


def _invalid(field: str, text: str) -> RefusedError:
    return RefusedError(422, errors.invalid_field(("body", field), text))


async def _last(first: Event, events: AsyncIterator[Event]) -> Event:
    last = first
    async for event in events:
        last = event
    return last


async def _server_sent(
    request: Request, first: Event, events: AsyncGenerator[Event], model: str
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
                data: dict[str, Any] = event_json(event, model)
                text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
                yield f"event: {data['type']}\ndata: {text}\n\n"
            if isinstance(event, Done | Failed):
                return
            event = await anext(events, None)
