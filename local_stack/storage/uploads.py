"""The body of an upload, streamed to disk and refused at the bucket's limits."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from local_stack.bodies import BadJsonError, parse
from local_stack.storage.blobs import Draft
from local_stack.storage.errors import StorageError
from local_stack.storage.form import BadFormError, Form


@dataclass(frozen=True)
class Limits:
    """What a bucket takes.

    Attributes:
        size: Bytes at most.
        mime_types: As ``audio/wav`` or ``audio/*``; ``None`` is any.
    """

    size: int
    mime_types: tuple[str, ...] | None

    @classmethod
    def of(cls, bucket: dict[str, Any], largest_file: int) -> "Limits":
        """Those of a row of `storage.buckets`, within the project's own."""
        size = bucket["file_size_limit"]
        kinds = bucket["allowed_mime_types"]
        return cls(
            largest_file if size is None else min(size, largest_file),
            tuple(kinds) if kinds else None,
        )

    def check_mime_type(self, mime_type: str) -> None:
        """Refuse another kind of file; parameters count, as they do on the platform.

        Raises:
            StorageError: It is one.
        """
        if self.mime_types is None:
            return
        family = mime_type.partition("/")[0]
        if mime_type not in self.mime_types and f"{family}/*" not in self.mime_types:
            raise StorageError.bad_mime_type(mime_type)

    def check_size(self, size: int) -> None:
        """Refuse more bytes.

        Raises:
            StorageError: They are more.
        """
        if size > self.size:
            raise StorageError.too_large()


@dataclass(frozen=True)
class Described:
    """What a client says about its file.

    Attributes:
        mime_type: Of the content.
        cache_control: To answer downloads with.
        user_metadata: The client's own, a JSON object.
    """

    mime_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None


async def receive(request: Request, limits: Limits, draft: Draft) -> Described:
    """Write a request's file to a draft.

    Raises:
        StorageError: Too large, of a wrong kind, or no file.
    """
    told = request.headers.get("content-type", "application/octet-stream")
    kind, options = parse_options_header(told)
    if kind == b"multipart/form-data":
        return await _receive_form(request, options.get(b"boundary", b""), limits, draft)
    return await _receive_raw(request, told, limits, draft)


async def _receive_raw(request: Request, mime_type: str, limits: Limits, draft: Draft) -> Described:
    limits.check_mime_type(mime_type)
    if "content-length" in request.headers:
        limits.check_size(int(request.headers["content-length"]))
    async for chunk in request.stream():
        limits.check_size(draft.size + len(chunk))
        await draft.write(chunk)
    try:
        told = base64.b64decode(request.headers.get("x-metadata", ""), validate=True).decode()
    except ValueError:
        told = ""
    cache_control = request.headers.get("cache-control", "no-cache")
    return _described(mime_type, cache_control, told)


async def _receive_form(
    request: Request, boundary: bytes, limits: Limits, draft: Draft
) -> Described:
    checked = False
    try:
        form = Form(boundary)
        async for data in _file_bytes(request, form):
            if form.file_type is not None and not checked:
                limits.check_mime_type(form.fields.get("contentType", form.file_type))
                checked = True
            limits.check_size(draft.size + len(data))
            await draft.write(data)
    except BadFormError as error:
        raise StorageError.bad_request(f"No content provided: {error}") from error
    if form.file_type is None or not form.ended:
        raise StorageError.bad_request("No content provided")
    seconds = form.fields.get("cacheControl")
    mime_type = form.fields.get("contentType", form.file_type)
    cache_control = f"max-age={seconds}" if seconds else "no-cache"
    return _described(mime_type, cache_control, form.fields.get("metadata", ""))


async def _file_bytes(request: Request, form: Form) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield form.feed(chunk)


def _described(mime_type: str, cache_control: str, metadata: str) -> Described:
    """What was told, if downloads can be answered with it.

    Metadata that is no JSON object is passed over, as on the platform.
    """
    for header in (mime_type, cache_control):
        if not header.isascii() or not header.isprintable():
            raise StorageError.bad_request("a header cannot hold the media type or cache control")
    try:
        told = parse(metadata.encode())
    except BadJsonError:
        told = None
    return Described(mime_type, cache_control, told if isinstance(told, dict) else None)
