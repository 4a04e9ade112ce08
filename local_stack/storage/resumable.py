"""Uploads that go on after a break: tus 1.0.0 with creation and termination."""

import asyncio
import base64
import binascii
import time
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local_stack.caller import Caller
from local_stack.storage import requests
from local_stack.storage.blobs import Draft
from local_stack.storage.errors import StorageError
from local_stack.storage.objects import Place
from local_stack.storage.service import Storage
from local_stack.storage.uploads import Described

PATH: Final = "/upload/resumable"
MAX_OPEN: Final = 100
"""Uploads that are not complete; the one that waited longest gives way to another."""
LIFE_SECONDS: Final = 3600.0
"""From the last byte until an upload is forgotten. The platform keeps one for a day."""
_PIECE: Final = "application/offset+octet-stream"
_VERSION: Final = {"Tus-Resumable": "1.0.0"}


@dataclass
class Upload:
    """A file of which a part is here.

    Attributes:
        caller: Who began it; no one else may go on with it.
        length: Bytes of the whole.
        turn: Counts the requests that write: a later one ends an earlier one that hangs.
        touched: When the last byte came, by the monotonic clock.
    """

    caller: Caller
    place: Place
    length: int
    over: bool
    described: Described
    draft: Draft
    stack: AsyncExitStack
    touched: float
    turn: int = 0
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Resumable:
    """Uploads in several requests."""

    def __init__(self, storage: Storage, caller_of: Callable[[Request], Caller]) -> None:
        self._storage = storage
        self._caller_of = caller_of
        self._uploads: dict[str, Upload] = {}

    def routes(self) -> list[Route]:
        """Return the routes below `/storage/v1`."""
        return [
            Route(PATH, self._answering(self.create), methods=["POST"]),
            Route(f"{PATH}/{{id}}", self._answering(self.head), methods=["HEAD"]),
            Route(f"{PATH}/{{id}}", self._answering(self.patch), methods=["PATCH"]),
            Route(f"{PATH}/{{id}}", self._answering(self.delete), methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """`POST`: begin an upload."""
        caller = self._caller_of(request)
        told = _metadata(request.headers.get("upload-metadata", ""))
        place = requests.named(told.get("bucketName"), told.get("objectName"))
        length = _count(request, "upload-length")
        over = requests.upsert(request)
        described = Described(
            told.get("contentType") or "application/octet-stream",
            f"max-age={told['cacheControl']}" if told.get("cacheControl") else "no-cache",
        )
        limits = await self._storage.limits(place.bucket)
        limits.check_mime_type(described.mime_type)
        limits.check_size(length)
        await self._storage.may_write(caller, place, over=over)
        await self._make_room()
        stack = AsyncExitStack()
        draft = await stack.enter_async_context(self._storage.draft())
        upload = Upload(caller, place, length, over, described, draft, stack, time.monotonic())
        upload_id = uuid.uuid4().hex
        self._uploads[upload_id] = upload
        url = request.url.replace(query="", fragment="")
        headers = {"Location": f"{url}/{upload_id}"}
        if length == 0:
            await self._complete(upload_id, upload)
        return Response(status_code=201, headers=headers | _offset(upload))

    async def head(self, request: Request) -> Response:
        """`HEAD`: how far it is. The client goes on from here: an older request writes no more."""
        _, upload = self._find(request)
        upload.turn += 1
        async with upload.writing:
            headers = {"Upload-Length": str(upload.length), "Cache-Control": "no-store"}
            return Response(headers=headers | _offset(upload))

    async def patch(self, request: Request) -> Response:
        """`PATCH`: the bytes from an offset on."""
        upload_id, upload = self._find(request)
        if request.headers.get("content-type") != _PIECE:
            raise StorageError(415, "invalid_mime_type", "Content-Type is not that of a piece")
        if _count(request, "upload-offset") != upload.draft.size:
            raise StorageError(409, "Duplicate", "Upload-Offset conflict")
        await self._receive(upload_id, upload, request)
        return Response(status_code=204, headers=_offset(upload))

    async def delete(self, request: Request) -> Response:
        """`DELETE`: forget it."""
        upload_id, upload = self._find(request)
        upload.turn += 1
        await self._forget(upload_id, upload)
        return Response(status_code=204)

    async def aclose(self) -> None:
        """Forget all of them."""
        for upload_id, upload in tuple(self._uploads.items()):
            await self._forget(upload_id, upload)

    async def _receive(self, upload_id: str, upload: Upload, request: Request) -> None:
        """Keep what comes, also of a body that breaks off."""
        upload.turn = turn = upload.turn + 1
        async for chunk in request.stream():
            async with upload.writing:
                if upload.turn != turn:
                    raise StorageError(409, "Duplicate", "The upload goes on elsewhere")
                if upload.draft.size + len(chunk) > upload.length:
                    raise StorageError.too_large()
                await upload.draft.write(chunk)
                upload.touched = time.monotonic()
        if upload.draft.size == upload.length:
            await self._complete(upload_id, upload)

    async def _complete(self, upload_id: str, upload: Upload) -> None:
        try:
            await self._storage.commit(
                upload.draft,
                upload.place,
                upload.caller.subject,
                upload.described,
                over=upload.over,
            )
        finally:
            await self._forget(upload_id, upload)

    async def _make_room(self) -> None:
        oldest_first = sorted(self._uploads.items(), key=lambda item: item[1].touched)
        surplus = len(oldest_first) - MAX_OPEN + 1
        for number, (upload_id, upload) in enumerate(oldest_first):
            if number < surplus or time.monotonic() - upload.touched > LIFE_SECONDS:
                upload.turn += 1
                await self._forget(upload_id, upload)

    async def _forget(self, upload_id: str, upload: Upload) -> None:
        self._uploads.pop(upload_id, None)
        async with upload.writing:
            await upload.stack.aclose()

    def _find(self, request: Request) -> tuple[str, Upload]:
        caller = self._caller_of(request)
        upload_id = request.path_params["id"]
        upload = self._uploads.get(upload_id)
        if upload is None or upload.caller.subject != caller.subject:
            raise StorageError(404, "not_found", "The file for this url was not found")
        return upload_id, upload

    @staticmethod
    def _answering(handler: Callable[[Request], object]) -> Callable[[Request], object]:
        """Answer with true statuses, which tus clients go by, and with the protocol's version."""

        async def answer(request: Request) -> Response:
            try:
                response: Response = await handler(request)  # type: ignore[misc]
            except StorageError as error:
                # The rest of a piece that is refused is not read.
                response = PlainTextResponse(
                    error.message, error.status, headers={"Connection": "close"}
                )
            except ClientDisconnect:
                response = Response(status_code=400)  # not received; what came is kept
            response.headers.update(_VERSION)
            return response

        return answer


def _metadata(header: str) -> dict[str, str]:
    told: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            told[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise StorageError.bad_request("Upload-Metadata is invalid") from error
    return told


def _count(request: Request, name: str) -> int:
    told = request.headers.get(name, "")
    if not (told.isascii() and told.isdecimal()):
        raise StorageError.bad_request(f"{name} header is invalid")
    return int(told)


def _offset(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.draft.size)}
