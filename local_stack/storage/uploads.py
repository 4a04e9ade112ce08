"""The body of an upload, streamed to disk and refused at the bucket's limits."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from local_stack.storage.blobs import Draft
from local_stack.storage.errors import StorageError

MAX_FIELDS = 16
_FORM_BYTES = 1_048_576
"""Of a form beside its file."""
_CHUNK_BYTES = 262_144


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
    """

    mime_type: str
    cache_control: str


async def receive(request: Request, limits: Limits, draft: Draft) -> Described:
    """Write a request's file to a draft.

    Raises:
        StorageError: Too large, of a wrong kind, or no file.
    """
    told = request.headers.get("content-type", "application/octet-stream")
    if told.partition(";")[0].strip().lower() == "multipart/form-data":
        return await _receive_form(request, limits, draft)
    return await _receive_raw(request, told, limits, draft)


async def _receive_raw(request: Request, mime_type: str, limits: Limits, draft: Draft) -> Described:
    limits.check_mime_type(mime_type)
    if "content-length" in request.headers:
        limits.check_size(int(request.headers["content-length"]))
    async for chunk in request.stream():
        limits.check_size(draft.size + len(chunk))
        await draft.write(chunk)
    return _described(mime_type, request.headers.get("cache-control", "no-cache"))


async def _receive_form(request: Request, limits: Limits, draft: Draft) -> Described:
    seen, tail = 0, b""

    async def receive() -> Message:
        """What comes. The parser lets go of its file where the fault is one of its own."""
        nonlocal seen, tail
        message = await request.receive()
        body = message.get("body", b"")
        seen, tail = seen + len(body), (tail + body)[-4:]
        if seen > limits.size + _FORM_BYTES:
            raise MultiPartException("too large")
        if not message.get("more_body", False) and not tail.rstrip().endswith(b"--"):
            raise MultiPartException("the form has no end")
        return message

    bounded = Request(request.scope, receive)
    try:
        async with bounded.form(max_files=1, max_fields=MAX_FIELDS) as form:
            file = next((one for one in form.values() if isinstance(one, UploadFile)), None)
            if file is None:
                raise StorageError.bad_request("No content provided")
            kind = "application/octet-stream" if file.content_type is None else file.content_type
            mime_type = str(form.get("contentType", kind))
            limits.check_mime_type(mime_type)
            limits.check_size(file.size or 0)
            while chunk := await file.read(_CHUNK_BYTES):
                await draft.write(chunk)
    except HTTPException as error:
        limits.check_size(seen - _FORM_BYTES)
        raise StorageError.bad_request(f"No content provided: {error.detail}") from error
    seconds = form.get("cacheControl")
    return _described(mime_type, f"max-age={seconds}" if seconds else "no-cache")


def _described(mime_type: str, cache_control: str) -> Described:
    """What was told, if downloads can be answered with it."""
    for header in (mime_type, cache_control):
        if not header.isascii() or not header.isprintable():
            raise StorageError.bad_request("a header cannot hold the media type or cache control")
    return Described(mime_type, cache_control)
