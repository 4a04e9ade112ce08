"""Fields of a form, and JSON, as the bodies of the contract."""

from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from edge_functions.problem import invalid
from shared_schema.text import trimmed
from transcription.errors import InvalidMessage

LISTS: Final = frozenset({"context_bias"})
"""Fields that may be repeated, with `[]` behind their name or without."""

M = TypeVar("M", bound=BaseModel)


def from_fields(shape: type[M], fields: Iterable[tuple[str, str]]) -> M:
    """Return a form's fields as a body. A field that was left empty counts as left out.

    Raises:
        InvalidMessage: a field is missing, unknown, repeated or wrong.
    """
    values: dict[str, object] = {}
    lists: dict[str, list[str]] = {}
    for name, text in fields:
        plain = name.removesuffix("[]")
        if plain in LISTS:
            lists.setdefault(plain, []).extend([text] if trimmed(text) else [])
        elif name in values:
            raise InvalidMessage(f"{name[:64]}: sent more than once")
        else:
            values[name] = text
    given = {name: value for name, value in values.items() if value != ""}
    return _validated(shape, {**given, **{name: terms for name, terms in lists.items() if terms}})


def from_json(shape: type[M], body: bytes) -> M:
    """Return JSON as a body. A byte order mark before it is passed over (RFC 8259, section 8.1).

    Raises:
        InvalidMessage: it is no JSON, or a member is missing, unknown or wrong.
    """
    try:
        return shape.model_validate_json(body.removeprefix(BOM_UTF8))
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False)) from None


def _validated(shape: type[M], values: dict[str, object]) -> M:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False)) from None
