"""The contract as documents: JSON Schema 2020-12, AsyncAPI 3 and TypeScript constants."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared_schema import (
    account,
    audio,
    base,
    batch,
    bundles,
    client_messages,
    direct,
    errors,
    files,
    languages,
    levels,
    limits,
    match,
    own_keys,
    presets,
    server_messages,
    spoken,
    text,
    voices,
)

Json = dict[str, Any]

ROOMS: tuple[ModuleType, ...] = (
    client_messages,
    server_messages,
    direct,
    batch,
    match,
    voices,
    bundles,
    account,
    own_keys,
)
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def json_schema() -> Json:
    """Return every message and body as one JSON Schema document with `$defs`; do not change it."""
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation" if issubclass(model, base.Inbound) else "serialization")
        for room in ROOMS
        for model in models_of(room)
    ]
    _, schema = models_json_schema(modes, ref_template="#/$defs/{model}")
    definitions = {name: _as_sent(one) for name, one in sorted(schema["$defs"].items())}
    definitions["ClientMessage"] = _union("What a client sends as text.", client_message_models())
    definitions["ServerMessage"] = _union("What the bridge sends.", server_message_models())
    return {
        "$schema": _DIALECT,
        "$id": f"urn:utter-transcribe:protocol:v{base.PROTOCOL_VERSION}",
        "title": "Utter Transcribe protocol",
        "$defs": definitions,
    }


def asyncapi() -> Json:
    """Return the realtime half as an AsyncAPI 3.0 document."""
    definitions: Json = json.loads(
        json.dumps(json_schema()["$defs"]).replace("#/$defs/", "#/components/schemas/")
    )
    sent, heard = client_message_models(), server_message_models()
    messages: Json = {
        model.__name__: {
            "name": model.model_fields["type"].default
            if model in heard
            else model.__name__.lower(),
            "summary": model.__doc__,
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        }
        for model in (*sent, *heard)
    }
    messages["Audio"] = {
        "name": "audio",
        "summary": f"Binary frame: PCM s16le, mono, {audio.SAMPLE_RATE} Hz, even length, "
        f"about {audio.FRAME_MS} ms.",
        "contentType": "application/octet-stream",
        "payload": {
            "type": "string",
            "format": "binary",
            "maxLength": limits.MAX_FRAME_BYTES,
        },
    }
    names = [model.__name__ for model in sent] + ["Audio"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Utter Transcribe, realtime",
            "version": f"{base.PROTOCOL_VERSION}.0.0",
            "description": "A microphone's audio in, its words out, over one WebSocket.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "realtime": {
                "address": base.REALTIME_PATH,
                "description": "One socket is one session.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "send": _operation("send", "The client speaks.", names),
            "hear": _operation("receive", "The server answers.", [m.__name__ for m in heard]),
        },
        "components": {"messages": messages, "schemas": definitions},
    }


def typescript_constants() -> str:
    """Return limits, audio figures and the table of codes as a TypeScript module."""
    parts = {
        "PROTOCOL_VERSION": base.PROTOCOL_VERSION,
        "REALTIME_PATH": base.REALTIME_PATH,
        "AUDIO": _constants(audio),
        "LIMITS": _constants(limits),
        "ERRORS": {code.value: asdict(spec) for code, spec in errors.ERRORS.items()},
        "FINAL_CLOSE_CODES": sorted(errors.FINAL_CLOSE_CODES),
        # A page judges lengths; the rest is for those who pack a bundle.
        "PRESETS": [
            {
                "id": one.id,
                "title": one.title,
                "min_seconds": one.min_seconds,
                "best_seconds": one.best_seconds,
                "max_seconds": one.max_seconds,
            }
            for one in presets.PRESETS
        ],
        "TEXT": _text_rule(),
    }
    return _module(parts)


def typescript_files() -> str:
    """Return what is known of audio files as a TypeScript module; the page loads it with a file."""
    return _module(
        {
            "FILES": {
                "accepted": files.ACCEPTED,
                "mime_types": files.MIME_TYPES,
                "extensions": files.EXTENSIONS,
                "formats": [asdict(one) for one in files.FORMATS],
                "heads": [
                    {"at": at, "bytes": list(head), "title": title}
                    for at, head, title in files.HEADS
                ],
            },
        }
    )


def _module(parts: Mapping[str, object]) -> str:
    lines = [
        f"export const {name} = {json.dumps(value, indent=2)} as const;\n"
        for name, value in parts.items()
    ]
    return "// Generated by `make schema` from shared_schema. Do not edit.\n\n" + "\n".join(lines)


def typescript_languages() -> str:
    """Return the English names of languages as a TypeScript module."""
    names = json.dumps(dict(languages.ENGLISH_NAMES), indent=2, ensure_ascii=False)
    return (
        "// Generated by `make schema` from shared_schema. Do not edit.\n\n"
        f"export const ENGLISH_NAMES: Readonly<Record<string, string>> = {names};\n"
    )


def typescript_spoken() -> str:
    """Return what is said alike as a TypeScript module."""
    lines = [
        f"export const {name} = {json.dumps(_plain(value), ensure_ascii=False)} as const;\n"
        for name, value in vars(spoken).items()
        if name.isupper()
    ]
    return "// Generated by `make schema` from shared_schema. Do not edit.\n\n" + "\n".join(lines)


def typescript_levels() -> str:
    """Return what counts as voice as a TypeScript module."""
    lines = [
        f"export const {name} = {value:g};\n"
        for name, value in vars(levels).items()
        if name.isupper()
    ]
    return "// Generated by `make schema` from shared_schema. Do not edit.\n\n" + "".join(lines)


def _plain(value: Any) -> Any:
    """Return mappings all the way down as what JSON knows."""
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def typescript_bodies() -> str:
    """Return the schemas of what a client sends over HTTP as a TypeScript module."""
    definitions = json_schema()["$defs"]
    bodies = (
        batch.TranscriptionOptions,
        batch.StoredTranscriptionRequest,
        voices.CloneRequest,
        voices.VoiceChangeRequest,
    )
    parts = {body.__name__: _inlined(definitions[body.__name__], definitions) for body in bodies}
    return _module({"BODIES": parts})


def _inlined(schema: Any, definitions: Json) -> Any:
    """Return a schema that refers to nothing outside."""
    match schema:
        case {"$ref": str(name)}:
            return _inlined(definitions[name.rpartition("/")[2]], definitions)
        case dict():
            return {name: _inlined(one, definitions) for name, one in schema.items()}
        case list():
            return [_inlined(one, definitions) for one in schema]
        case _:
            return schema


def models_of(room: ModuleType) -> Iterator[type[BaseModel]]:
    """Return the messages and bodies that a module defines, in its order."""
    for value in vars(room).values():
        if (
            isinstance(value, type)
            and issubclass(value, BaseModel)
            and value.__module__ == room.__name__
        ):
            yield value


def client_message_models() -> tuple[type[BaseModel], ...]:
    """Return what a client sends as text."""
    return (client_messages.Start, client_messages.Stop)


def server_message_models() -> tuple[type[BaseModel], ...]:
    """Return what the bridge sends."""
    s = server_messages
    return (s.Ready, s.Delta, s.Language, s.LiveSegment, s.Turn, s.Ack, s.Notice, s.Final, s.Error)


def _union(description: str, models: tuple[type[BaseModel], ...]) -> Json:
    return {
        "description": description,
        "oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in models],
    }


def _as_sent(definition: Json) -> Json:
    """Return a definition as the wire has it: constants are present, nulls are left out."""
    properties: Json = definition.get("properties", {})
    required = list(definition.get("required", ()))
    for name, schema in properties.items():
        schema.pop("title", None)
        if "const" in schema:
            schema.pop("default", None)
            if name not in required:
                required.append(name)
        if "default" in schema and schema["default"] is None:
            del schema["default"]
            choices = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
            rest = choices[0] if len(choices) == 1 else {"anyOf": choices}
            properties[name] = {**rest, **schema} if choices else schema
    if required:
        definition["required"] = sorted(required, key=list(properties).index)
    return definition


def _operation(action: str, summary: str, names: list[str]) -> Json:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/realtime"},
        "messages": [{"$ref": f"#/channels/realtime/messages/{name}"} for name in names],
    }


def _text_rule() -> Json:
    """Return the sets of characters of `shared_schema.text`, as the inside of `[…]` in a RegExp."""
    return {
        name.lower(): "".join(rf"\u{{{a:x}}}-\u{{{b:x}}}" for a, b in getattr(text, name))
        for name in ("WHITE_SPACE", "DROPPED", "CONTROLS", "UNSEEN")
    } | {"max_marks": text.MAX_MARKS}


def _constants(module: ModuleType) -> Json:
    return {
        name.lower(): value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float)
    }
