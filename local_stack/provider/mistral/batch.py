"""Files on the wire: `POST /v1/audio/transcriptions`."""

import json
import re
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile

from local_stack.provider.batch import field
from local_stack.provider.engine import (
    Done,
    Engine,
    Event,
    FileRequest,
    ModelCard,
    RefusedError,
)
from local_stack.provider.mistral import errors, third
from local_stack.provider.mistral.events import done_json, event_json

_TRUE = ("true", "1")
_MAX_BIAS_TERMS = 100
_THIRD = 3
_clips = TypeAdapter(dict[str, str])


class MistralFiles:
    """How Mistral asks for a file's transcript and answers."""

    async def parse(self, form: FormData, engine: Engine) -> tuple[FileRequest, bool]:
        """The form as a request, and whether to answer with server-sent events."""
        model = field(form, "model")
        if model is None:
            raise _invalid("model", "Field required")
        card = engine.cards().get(model)
        if card is None or "offline" not in card.modes:
            raise RefusedError(400, f"Invalid model: {model}")
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise _invalid("file", "A file is required; file_url and file_id are not offered here")
        granularities = [str(value) for value in form.getlist("timestamp_granularities")]
        returned = field(form, "return_language") in _TRUE
        request = FileRequest(
            model=model,
            data=await upload.read(),
            filename=upload.filename or "",
            language=field(form, "language"),
            context_bias=tuple(str(term) for term in form.getlist("context_bias")),
            granularity=granularities[0] if granularities else None,
            diarize=field(form, "diarize") in _TRUE,
            speakers=_speakers(form, card),
            tell_language=returned or card.generation < _THIRD,
        )
        if returned and request.language is not None:
            raise RefusedError(400, "return_language cannot be combined with language")
        _check(request, granularities, card)
        return request, field(form, "stream") in _TRUE

    def whole(self, done: Done, model: str) -> dict[str, Any]:
        """The answer's JSON."""
        return done_json(done, model)

    def server_sent(self, event: Event, model: str) -> str:
        """An event's lines, named after its type."""
        data = event_json(event, model)
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return f"event: {data['type']}\ndata: {text}\n\n"


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
    if request.speakers and not request.diarize:
        raise RefusedError(400, "speaker_references needs diarize")
    _check_bias(request.context_bias, card)


def _check_bias(terms: tuple[str, ...], card: ModelCard) -> None:
    if terms and not card.context_bias:
        raise RefusedError(400, f"{card.id} takes no context_bias")
    if any(not re.fullmatch(card.bias_pattern, term) for term in terms):
        raise _invalid("context_bias", f"every term must match ^{card.bias_pattern}$")
    if card.generation < _THIRD and len(terms) > _MAX_BIAS_TERMS:
        raise _invalid("context_bias", f"at most {_MAX_BIAS_TERMS} terms are taken")
    if card.generation >= _THIRD and (fault := third.context_fault(terms)):
        raise RefusedError(400, fault)


def _speakers(form: FormData, card: ModelCard) -> tuple[str, ...]:
    """The names of those whose voices came along.

    Raises:
        RefusedError: They are not what the model takes.
    """
    written = field(form, "speaker_references")
    if written is None:
        return ()
    if card.generation < _THIRD:
        raise RefusedError(400, f"{card.id} takes no speaker_references")
    try:
        clips = _clips.validate_json(written)
    except ValidationError:
        raise _invalid("speaker_references", "expected names with base64") from None
    if fault := third.speakers_fault(clips):
        raise _invalid("speaker_references", fault)
    return tuple(clips)


def _invalid(field: str, text: str) -> RefusedError:
    return RefusedError(422, errors.invalid_field(("body", field), text))
