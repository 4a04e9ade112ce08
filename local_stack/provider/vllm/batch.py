"""Files on the wire: `POST /v1/audio/transcriptions`, in OpenAI's shape."""

import json
import math
from typing import Any

from starlette.datastructures import FormData, UploadFile

from local_stack.provider.batch import field
from local_stack.provider.engine import (
    Done,
    Engine,
    Event,
    Failed,
    FileRequest,
    RefusedError,
    TextDelta,
)
from local_stack.provider.vllm import errors

MAX_FILE_BYTES = 25 * 1024 * 1024
"""What vLLM accepts by default (`VLLM_MAX_AUDIO_CLIP_FILESIZE_MB`)."""
_FORMATS = ("json", "text")
_TIMED_FORMATS = ("verbose_json", "srt", "vtt")
_GRANULARITIES = "timestamp_granularities[]"
_LAST = "data: [DONE]\n\n"


class VllmFiles:
    """How vLLM asks for a file and answers. Fields that it does not know it ignores."""

    async def parse(self, form: FormData, engine: Engine) -> tuple[FileRequest, bool]:
        """The form as a request, and whether to answer with server-sent events."""
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise RefusedError(400, "file: Field required")
        model = field(form, "model")
        cards = {name: one for name, one in engine.cards().items() if "offline" in one.modes}
        if model is None and cards:
            model = next(iter(cards))  # a server has one model, and is asked for that
        if model is None or model not in cards:
            raise RefusedError(404, f"The model `{model}` does not exist.")
        shape = field(form, "response_format") or "json"
        if shape in _TIMED_FORMATS:
            raise RefusedError(400, f"{model} does not support {shape}: it has no timestamps")
        if shape not in _FORMATS:
            raise RefusedError(400, f"response_format: {shape!r} is none of {_FORMATS}")
        if form.getlist(_GRANULARITIES):
            raise RefusedError(400, f"{_GRANULARITIES} needs response_format verbose_json")
        data = await upload.read()
        if len(data) > MAX_FILE_BYTES:
            raise RefusedError(400, "Maximum file size exceeded")
        if not data:
            raise RefusedError(400, "Invalid or unsupported audio file.")
        language = field(form, "language")
        if language is not None and language not in cards[model].languages:
            raise RefusedError(400, f"Unsupported language: {language!r}")
        request = FileRequest(model, data, upload.filename or "", language)
        return request, field(form, "stream") in ("true", "1")

    def whole(self, done: Done, model: str) -> dict[str, Any]:
        """The answer's JSON; seconds are whole ones on this wire."""
        seconds = math.ceil(done.audio_seconds)
        return {"text": done.text, "usage": {"type": "duration", "seconds": seconds}}

    def server_sent(self, event: Event, model: str) -> str:
        """An event's lines. It has no language; the last line is not JSON."""
        match event:
            case TextDelta(text):
                return line(_chunk(model, text, None))
            case Done():
                return line(_chunk(model, "", event.finish)) + _LAST
            case Failed(message):
                return line(errors.http_body(500, message)) + _LAST
            case _:
                return ""


def _chunk(model: str, text: str, finish: str | None) -> dict[str, Any]:
    choice: dict[str, Any] = {"delta": {"content": text}, "finish_reason": finish}
    return {
        "id": "trsc-local",
        "object": "transcription.chunk",
        "created": 1_770_000_000,
        "model": model,
        "choices": [choice],
    }


def line(data: dict[str, Any]) -> str:
    """A server-sent event with this JSON."""
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"
