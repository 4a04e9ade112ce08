"""The OpenAPI document: what is asked, what is answered, and every way in which it is refused."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared_schema.base import PROTOCOL_VERSION
from shared_schema.batch import (
    DeltaEvent,
    ErrorEvent,
    FinalEvent,
    Problem,
    SegmentEvent,
)
from shared_schema.client_messages import SpeakerReference
from shared_schema.errors import ERRORS, ErrorCode

Json = dict[str, Any]

ANYWHERE: Final = (
    ErrorCode.UNAUTHENTICATED,
    ErrorCode.TOKEN_EXPIRED,
    ErrorCode.FORBIDDEN,
    ErrorCode.AUTH_UNAVAILABLE,
    ErrorCode.INTERNAL,
)
"""What every call by a signed-in user may meet."""
_REF: Final = "#/components/schemas/{model}"
_SENT: Final = (Problem, DeltaEvent, SegmentEvent, FinalEvent, ErrorEvent)
"""Sent without being any function's return type."""
_PARTS: Final = (SpeakerReference,)
"""What fields of forms refer to."""
_RETRY_AFTER: Final[Json] = {
    "description": "Seconds to wait before another try, where that is known.",
    "schema": {"type": "integer", "minimum": 0},
}


def problems(*codes: ErrorCode) -> dict[int | str, Json]:
    """Return the refusals of a function for its `responses`, one for each HTTP status."""
    by_status: dict[int, list[ErrorCode]] = {}
    for code in dict.fromkeys(codes):
        status = ERRORS[code].http
        assert status is not None, code  # noqa: S101 - a code of the other wire
        by_status.setdefault(status, []).append(code)
    return {status: _refusal(group) for status, group in sorted(by_status.items())}


def _refusal(codes: list[ErrorCode]) -> Json:
    answer: Json = {
        "description": "; ".join(f"`{code}`: {ERRORS[code].title}" for code in codes),
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    if any(ERRORS[code].http in {409, 429, 503} for code in codes):
        answer["headers"] = {"Retry-After": _RETRY_AFTER}
    return answer


def multipart(shape: type[BaseModel], *, audio: bool) -> Json:
    """Return the media type of a form with a body's fields and, where told, a file `audio`.

    Args:
        shape: The fields.
        audio: Whether the file must be there.
    """
    schema = _inline(shape)
    properties = {name: _without_null(one) for name, one in schema["properties"].items()}
    file = {"type": "string", "format": "binary", "description": "WAV, MP3, M4A, FLAC, Ogg, WebM."}
    required = schema.get("required", [])
    return {
        "schema": {
            "type": "object",
            "properties": {"audio": file, **properties},
            "required": ["audio", *required] if audio else required,
            "additionalProperties": False,
        },
        "encoding": {"audio": {"contentType": "audio/*"}},
    }


def takes(json: type[BaseModel] | None = None, *, form: Json | None = None) -> Json:
    """Return what a function says of its body, for its `openapi_extra`.

    Args:
        json: The body in JSON.
        form: What `multipart` returns.
    """
    content = {} if form is None else {"multipart/form-data": form}
    if json is not None:
        content["application/json"] = {"schema": _inline(json)}
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI) -> Json:
    """Return the document; made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="Utter Transcribe",
            version=f"{PROTOCOL_VERSION}.0.0",
            summary="Whole files into transcripts, recordings into voices.",
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            routes=app.routes,
        )
        schemas = made["components"]["schemas"]
        # FastAPI's own shape of a refusal, which is never sent.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas.update(_definitions(_SENT, "serialization"))
        schemas.update(_definitions(_PARTS, "validation"))
        app.openapi_schema = made
    return app.openapi_schema


def _definitions(shapes: Iterable[type[BaseModel]], mode: JsonSchemaMode) -> Json:
    _, schema = models_json_schema([(shape, mode) for shape in shapes], ref_template=_REF)
    definitions: Json = schema["$defs"]
    return definitions


def _inline(shape: type[BaseModel]) -> Json:
    schema = shape.model_json_schema(ref_template=_REF)
    schema.pop("$defs", None)
    return schema


def _without_null(schema: Mapping[str, Any]) -> Json:
    """Return a field's schema as a form can hold it: it has no null."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest = {name: one for name, one in schema.items() if name not in {"anyOf", "default"}}
    return {**choices[0], **rest} if len(choices) == 1 else dict(schema)
