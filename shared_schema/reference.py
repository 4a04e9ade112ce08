"""The tables of the docs: messages, bodies, codes, limits and files, from the contract itself."""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Final, get_args

from pydantic import BaseModel

from shared_schema import client_messages, export, limits, server_messages
from shared_schema.errors import ERRORS
from shared_schema.files import FORMATS
from shared_schema.presets import PRESETS

_REGION: Final = re.compile(r"(<!-- table: (\w+) -->\n)(?:.*?)(<!-- end -->)", re.DOTALL)
_UNITS: Final = ("bytes", "characters", "seconds", "ms", "terms", "tries")
_KINDS: Final = MappingProxyType({"string": "text", "integer": "whole number"})
"""JSON's own names for what has a plainer one."""


def fill(page: str) -> str:
    """Return a page with each of its regions, `<!-- table: NAME -->` to `<!-- end -->`, made anew.

    Raises:
        KeyError: there is no table of a region's name.
    """
    return _REGION.sub(lambda found: f"{found[1]}{_TABLES[found[2]]()}{found[3]}", page)


def _messages(models: tuple[type[BaseModel], ...]) -> str:
    return "".join(_body(f"`{_type(model)}`", model) for model in models)


def _type(model: type[BaseModel]) -> str:
    (kind,) = get_args(model.model_fields["type"].annotation)
    return str(kind)


def _bodies(room: ModuleType) -> str:
    return "".join(_body(f"`{model.__name__}`", model) for model in export.models_of(room))


def _parts(room: ModuleType) -> str:
    """Return what stands inside messages."""
    parts = (one for one in export.models_of(room) if "type" not in one.model_fields)
    return "".join(_body(f"`{model.__name__}`", model) for model in parts)


def _body(title: str, model: type[BaseModel]) -> str:
    definition = export.json_schema()["$defs"][model.__name__]
    lines = [f"#### {title}\n", f"{definition['description'].strip()}\n"]
    properties = definition.get("properties", {})
    if properties:
        lines += ["| field | is | |", "|---|---|---|"]
    required = definition.get("required", ())
    for name, schema in properties.items():
        mark = "" if name in required else "?"
        meaning = " ".join(schema.get("description", "").split())
        lines.append(f"| `{name}`{mark} | {_kind(schema)} | {meaning} |")
    return "\n".join(lines) + "\n\n"


def _kind(schema: export.Json) -> str:
    """Return in words what a value may be."""
    match schema:
        case {"const": value}:
            kind = f"`{json.dumps(value)}`"
        case {"enum": values}:
            kind = " \\| ".join(f"`{one}`" for one in values)
        case {"anyOf": choices}:
            kind = " or ".join(map(_kind, choices))
        case {"$ref": "#/$defs/ErrorCode"}:
            kind = "a code"
        case {"$ref": reference}:
            name = reference.rpartition("/")[2]
            named = export.json_schema()["$defs"][name]
            kind = _kind({"enum": named["enum"]}) if "enum" in named else f"`{name}`"
        case {"type": "array", "items": items}:
            most = f"at most {schema['maxItems']}: " if "maxItems" in schema else ""
            kind = f"list of {most}{_kind(items)}"
        case {"format": "date-time"}:
            kind = "time (ISO 8601)"
        case {"pattern": str(pattern)} if pattern.startswith("^[0-9a-f]{8}-"):
            kind = "UUID"
        case _:
            kind = _KINDS.get(schema["type"], schema["type"]) + _bounds(schema)
    return kind


def _bounds(schema: export.Json) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if "maxLength" in schema else ""
    if high is None:
        return ""
    return f", at most {high}{unit}" if low is None else f", {low} to {high}{unit}"


def _codes() -> str:
    lines = ["| code | means | close | HTTP | again? |", "|---|---|---|---|---|"]
    for code, row in ERRORS.items():
        again = "after a new sign-in" if row.after_refresh else "yes" if row.retryable else "no"
        close, http = row.close or "–", row.http or "–"
        lines.append(f"| `{code.value}` | {row.title} | {close} | {http} | {again} |")
    return "\n".join(lines) + "\n"


def _files() -> str:
    lines = ["| format | sound | stored as | usual endings |", "|---|---|---|---|"]
    lines += [
        f"| {one.title} | {', '.join(one.codecs)} | `{one.mime}` | {', '.join(one.extensions)} |"
        for one in FORMATS
    ]
    return "\n".join(lines) + "\n"


def _presets() -> str:
    lines = ["| preset | engine | seconds | Hz | text | from |", "|---|---|---|---|---|---|"]
    for one in PRESETS:
        best = f"{one.min_seconds:g} to {one.best_seconds:g}"
        most = f", at most {one.max_seconds:g}" if one.max_seconds > one.best_seconds else ""
        if not one.strict:
            most = f"; longer than {one.max_seconds:g} is long"
        rules = [
            *(["not read by the engine"] if not one.needs_text else []),
            *(["one line"] if one.one_line else []),
            *(["ends with a mark"] if one.ends_sentence else []),
        ]
        rate = f"{one.sample_rate:,}" if one.sample_rate is not None else "as recorded"
        text = ", ".join(rules) or "as it is"
        cells = (f"`{one.id}`", one.title, best + most, rate, text, one.source)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _limits() -> str:
    lines = ["| limit | value |", "|---|---|"]
    for name, value in vars(limits).items():
        if name.isupper() and isinstance(value, int | float):
            words = name.lower().split("_")
            units = [word for word in words if word in _UNITS]
            rest = " ".join(word for word in words if word not in units)
            lines.append(f"| {rest} | {value:,.10g} {' '.join(units)} |")
    return "\n".join(lines) + "\n"


def _room(room: ModuleType) -> Callable[[], str]:
    """Return what writes a room: its messages on the socket, or its bodies."""
    if room is client_messages:
        return lambda: _messages(export.client_message_models()) + _parts(room)
    if room is server_messages:
        return lambda: _messages(export.server_message_models())
    return lambda: _bodies(room)


_TABLES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {room.__name__.rpartition(".")[2]: _room(room) for room in export.ROOMS}
    | {"codes": _codes, "limits": _limits, "files": _files, "presets": _presets}
)
NAMES: Final = frozenset(_TABLES)
"""Of the regions that a whole page has."""
