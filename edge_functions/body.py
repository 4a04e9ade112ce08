"""Bodies of requests: as they arrive, and as the contract has them."""

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json as from_json_text
from starlette.requests import Request

from edge_functions.problem import invalid
from shared_schema.text import trimmed
from transcription.errors import InvalidMessage, PayloadTooLarge, RequestTimeout

MAX_JSON_BYTES: Final = 256 * 1024
"""Voices may stand in it."""
LISTS: Final = frozenset({"context_bias"})
"""Fields that may be repeated, with `[]` behind their name or without."""

STRUCTURED: Final = frozenset({"speaker_references"})
"""Fields that hold JSON."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class BodyTimeouts:
    """How slowly a body may come."""

    seconds: float
    """For all of it."""
    idle_seconds: float
    """Between two pieces."""
    bytes_per_second: float
    """On average, after the first `idle_seconds`."""


async def pieces(request: Request, timeouts: BodyTimeouts) -> AsyncGenerator[bytes, None]:
    """Iterate over a body.

    Raises:
        RequestTimeout: it comes too slowly.
        PayloadTooLarge: it is larger than any body may be.
        ClientDisconnect: the caller has gone.
    """
    clock = asyncio.get_running_loop().time
    began, received = clock(), 0
    async with aclosing(request.stream()) as stream:
        while True:
            until = min(
                began + timeouts.seconds,
                began + timeouts.idle_seconds + received / timeouts.bytes_per_second,
                clock() + timeouts.idle_seconds,
            )
            try:
                async with asyncio.timeout_at(until):
                    piece = await anext(stream, None)
            except TimeoutError:
                raise RequestTimeout("The body of the request came too slowly.") from None
            if piece is None:
                return
            received += len(piece)
            yield piece


async def read_json(request: Request, shape: type[M], timeouts: BodyTimeouts) -> M:
    """Return a body that holds no file.

    Raises:
        InvalidMessage: it is no JSON, or a member is missing, unknown or wrong.
        RequestTimeout: it comes too slowly.
        PayloadTooLarge: it is larger than such a body may be.
        ClientDisconnect: the caller has gone.
    """
    body = bytearray()
    async with aclosing(pieces(request, timeouts)) as stream:
        async for piece in stream:
            body += piece
            if len(body) > MAX_JSON_BYTES:
                raise PayloadTooLarge(f"The body is larger than {MAX_JSON_BYTES:,} bytes.")
    return from_json(shape, bytes(body))


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
            values[name] = _structured(name, text) if name in STRUCTURED and text else text
    given = {name: value for name, value in values.items() if value != ""}
    terms = {name: listed for name, listed in lists.items() if listed}
    return _checked(shape.model_validate, given | terms)


def from_json(shape: type[M], body: bytes) -> M:
    """Return JSON as a body. A byte order mark before it is passed over (RFC 8259, section 8.1).

    Raises:
        InvalidMessage: it is no JSON, or a member is missing, unknown or wrong.
    """
    return _checked(shape.model_validate_json, body.removeprefix(BOM_UTF8))


def _structured(name: str, text: str) -> object:
    try:
        return from_json_text(text)
    except ValueError:
        raise InvalidMessage(f"{name}: holds no JSON") from None


def _checked(validate: Callable[[Any], M], given: object) -> M:
    try:
        return validate(given)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False)) from None
