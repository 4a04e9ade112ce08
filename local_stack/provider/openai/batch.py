"""Files on the wire: `POST /v1/audio/transcriptions`, as OpenAI has it."""

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
from local_stack.provider.vllm.batch import MAX_FILE_BYTES, line

_FORMATS = ("json", "verbose_json")
_GRANULARITIES = "timestamp_granularities[]"


class OpenAIFiles:
    """How OpenAI asks for a file and answers."""

    async def parse(self, form: FormData, engine: Engine) -> tuple[FileRequest, bool]:
        """The form as a request, and whether to answer with server-sent events."""
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise RefusedError(400, "file: Field required")
        model = field(form, "model") or ""
        card = engine.cards().get(model)
        if card is None or "offline" not in card.modes:
            raise RefusedError(404, f"The model `{model}` does not exist.")
        shape = field(form, "response_format") or "json"
        granularities = [str(one) for one in form.getlist(_GRANULARITIES)]
        if shape not in _FORMATS or (shape == "verbose_json" and not card.timestamp_granularities):
            raise RefusedError(400, f"response_format '{shape}' is not compatible with {model}")
        if granularities and shape != "verbose_json":
            raise RefusedError(400, f"{_GRANULARITIES} needs response_format verbose_json")
        data = await upload.read()
        if len(data) > MAX_FILE_BYTES:
            raise RefusedError(413, "Maximum content size limit exceeded")
        language = field(form, "language")
        if language is not None and language not in card.languages:
            raise RefusedError(400, f"Language '{language}' is not supported.")
        usual = "segment" if shape == "verbose_json" else None
        request = FileRequest(
            model,
            data,
            upload.filename or "",
            language,
            context_bias=tuple(filter(None, [field(form, "prompt")])),
            granularity=granularities[0] if granularities else usual,
        )
        return request, field(form, "stream") == "true"

    def whole(self, done: Done, model: str) -> dict[str, Any]:
        """The answer's JSON; with times it is the verbose one."""
        if not done.segments:
            return {"text": done.text, "usage": _usage(done)}
        times = [{"start": one.start, "end": one.end} for one in done.segments]
        texts = [one.text for one in done.segments]
        by_word = all(" " not in text for text in texts) and len(texts) > 1
        name, key = ("words", "word") if by_word else ("segments", "text")
        parts = [{key: text, **when} for text, when in zip(texts, times, strict=True)]
        verbose = {"task": "transcribe", "duration": done.audio_seconds, "usage": _usage(done)}
        return {"text": done.text, "language": done.language, **verbose, name: parts}

    def server_sent(self, event: Event, model: str) -> str:
        """An event's lines."""
        match event:
            case TextDelta(text):
                return line({"type": "transcript.text.delta", "delta": text})
            case Done(text):
                done = {"type": "transcript.text.done", "text": text, "usage": _usage(event)}
                return line(done)
            case Failed(message):
                return line(errors.http_body(500, message))
            case _:
                return ""


def _usage(done: Done) -> dict[str, Any]:
    return {"type": "duration", "seconds": done.audio_seconds}
