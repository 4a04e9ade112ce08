"""`multipart/form-data` (RFC 7578), whose file goes to disk while it arrives."""

import logging
import re
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from edge_functions.uploads import Upload
from transcription.errors import InvalidMessage, PayloadTooLarge

MEDIA_TYPE: Final = "multipart/form-data"
MAX_FIELDS: Final = 1100
MAX_FIELD_BYTES: Final = 256 * 1024
"""Voices in base64 have room in it."""
MAX_FIELDS_BYTES: Final = 512 * 1024
"""All fields together."""
# It would log a line for each fault of a stranger's.
logging.getLogger("python_multipart").setLevel(logging.ERROR)
_MALFORMED: Final = "The body is no well-formed multipart/form-data."
_BOUNDARY: Final = re.compile(r"(?! )[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_PARAMETER: Final = re.compile(
    r";[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)="
    r'(?:"((?:[^"\\]|\\[\s\S])*)"|([^;"\s]*))[ \t]*(?=;|\Z)',
    re.ASCII,
)


@dataclass
class Form:
    """What a form held."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    """In order."""
    has_file: bool = False


def is_multipart(content_type: str | None) -> bool:
    """Whether a request's `Content-Type` names a form."""
    return _parsed(content_type or "")[0] == MEDIA_TYPE


def boundary_of(content_type: str) -> bytes:
    """Return what stands between a form's parts (RFC 2046, section 5.1.1).

    Raises:
        InvalidMessage: there is none, or one that readers would cut differently.
    """
    boundary = (_parsed(content_type)[1] or {}).get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidMessage(_MALFORMED)
    return boundary.encode()


async def read_form(
    pieces: AsyncIterable[bytes], content_type: str, *, file_field: str, upload: Upload
) -> Form:
    """Read a form, writing its one file to `upload`.

    Args:
        pieces: The body.
        content_type: As the request has it.
        file_field: Name of the part that is the file; other parts are fields.
        upload: Finished when this returns with a file.

    Raises:
        InvalidMessage: the body is no such form, is cut short, or holds other files.
        PayloadTooLarge: the file or the fields are too large.
    """
    boundary = boundary_of(content_type)
    reader, first = _Reader(file_field), bytearray()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin_part,
                "on_header_begin": reader.begin_header,
                "on_header_field": reader.header_name,
                "on_header_value": reader.header_value,
                "on_header_end": reader.end_header,
                "on_headers_finished": reader.end_headers,
                "on_part_data": reader.data,
                "on_part_end": reader.end_part,
                "on_end": reader.end,
            },
        )
        async for piece in pieces:
            if len(first) < 2 + len(boundary):
                # Nothing may stand before the first delimiter: readers differ about what it is.
                first += piece[: 2 + len(boundary) - len(first)]
                if not (b"--" + boundary).startswith(first):
                    raise InvalidMessage(_MALFORMED)
            parser.write(piece)
            for data in reader.take():
                await upload.write(data)
    except FormParserError:
        raise InvalidMessage(_MALFORMED) from None
    if not reader.ended:
        raise InvalidMessage("The body ends in the middle of the form.")
    if reader.form.has_file:
        await upload.finish()
    return reader.form


class _Reader:
    """Gathers fields, and hands on what belongs to the file."""

    def __init__(self, file_field: str) -> None:
        self.form = Form()
        self.ended = False
        self._file_field = file_field
        self._file_data: list[bytes] = []
        self._fields_bytes = 0
        self._header = (bytearray(), bytearray())
        self._disposition: bytes | None = None
        self._name = ""
        self._in_file = False
        self._value = bytearray()

    def take(self) -> list[bytes]:
        """Return what came of the file since the last call."""
        taken, self._file_data = self._file_data, []
        return taken

    def begin_part(self) -> None:
        self._disposition = None
        self._value = bytearray()

    def begin_header(self) -> None:
        self._header = (bytearray(), bytearray())

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            if self._disposition is not None:
                raise InvalidMessage(_MALFORMED)
            self._disposition = bytes(value)

    def end_headers(self) -> None:
        kind, options = _parsed((self._disposition or b"").decode("latin-1"))
        name = (options or {}).get("name")
        if kind != "form-data" or options is None or not name:
            raise InvalidMessage("A part of the form has no name.")
        self._name = _text(name.encode("latin-1"), "The name of a field")
        self._in_file = self._name == self._file_field
        if not self._in_file and "filename" in options:
            raise InvalidMessage(f"The file belongs into the field {self._file_field!r}.")
        if self._in_file and self.form.has_file:
            raise InvalidMessage("Send one file.")
        self.form.has_file = self.form.has_file or self._in_file

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file_data.append(data[start:end])
            return
        self._fields_bytes += end - start
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES or self._fields_bytes > MAX_FIELDS_BYTES:
            raise PayloadTooLarge("The fields of the form are too large.")

    def end_part(self) -> None:
        if self._in_file:
            return
        if len(self.form.fields) >= MAX_FIELDS:
            raise InvalidMessage(f"The form has more than {MAX_FIELDS} fields.")
        self.form.fields.append((self._name, _text(bytes(self._value), f"{self._name[:64]}:")))

    def end(self) -> None:
        self.ended = True


def _parsed(header: str) -> tuple[str, dict[str, str] | None]:
    """Return a header's value and its parameters (RFC 9110, section 5.6.6).

    They are None where they are malformed or told twice. Extended ones (`name*`) are not for forms
    (RFC 7578, section 4.2).
    """
    kind, semicolon, rest = header.partition(";")
    kind, rest = kind.strip(" \t").lower(), semicolon + rest
    parameters: dict[str, str] = {}
    while rest.removeprefix(";").strip(" \t"):
        found = _PARAMETER.match(rest)
        if found is None or found[1].lower() in parameters:
            return kind, None
        quoted, plain = found[2], found[3]
        value = plain if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted)
        parameters[found[1].lower()] = value
        rest = rest[found.end() :]
    return kind, parameters


def _text(value: bytes, what: str) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise InvalidMessage(f"{what} is not UTF-8.") from None
    if "\x00" in text:
        raise InvalidMessage(f"{what} holds a NUL character.")
    return text
