"""A multipart body (RFC 7578), taken apart as it arrives: some fields, then one file."""

from collections.abc import Callable

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_FIELD_BYTES = 1_048_576
MAX_FIELDS = 16


class BadFormError(ValueError):
    """The body is no form, or a field of it is too large."""


class Form:
    """Push bytes in; fields gather here, and the file's bytes come out.

    Args:
        boundary: From the request's `Content-Type`.

    Raises:
        BadFormError: There is none.

    Attributes:
        fields: Name and text of those that have ended.
        file_type: Media type of the file, once it has begun.
        ended: Whether the closing boundary was seen.
    """

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise BadFormError("a form needs a boundary")
        self.fields: dict[str, str] = {}
        self.file_type: str | None = None
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._header_name = self._header_value = b""
        self._name = ""
        self._sink: Callable[[bytes], None] = self._ignore
        self._value = bytearray()
        self._out = bytearray()
        self._parser = MultipartParser(
            boundary,
            callbacks={
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the body.

        Returns:
            Those of the file among them.

        Raises:
            BadFormError: They do not go on a form.
        """
        self._out.clear()
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise BadFormError(str(error)) from error
        return bytes(self._out)

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode(errors="replace")
        if b"filename" not in options:
            self._sink = self._gather
        elif self.file_type is None:
            kind = self._headers.get(b"content-type", b"application/octet-stream")
            self.file_type = kind.decode("latin-1")
            self._sink = self._out.extend
        else:
            self._sink = self._ignore  # one file is all that is taken
        self._headers = {}

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._sink(data[start:end])

    def _on_part_end(self) -> None:
        if self._sink == self._gather:
            if len(self.fields) >= MAX_FIELDS:
                raise BadFormError("too many fields")
            self.fields[self._name] = self._value.decode(errors="replace")
            self._value.clear()

    def _on_end(self) -> None:
        self.ended = True

    def _gather(self, data: bytes) -> None:
        self._value += data
        if len(self._value) > MAX_FIELD_BYTES:
            raise BadFormError("a field is too large")

    def _ignore(self, data: bytes) -> None:
        pass
