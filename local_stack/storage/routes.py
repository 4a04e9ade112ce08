"""HTTP of `/storage/v1`."""

import json
import re
from functools import partial
from typing import Any

from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local_stack.bodies import read_body
from local_stack.caller import BadTokenError, Caller, Callers
from local_stack.gateway import METHODS
from local_stack.storage import downloads, uploads
from local_stack.storage.errors import StorageError
from local_stack.storage.objects import SORT_COLUMNS, Listing, Place
from local_stack.storage.service import Storage
from local_stack.storage.signatures import LONGEST_SECONDS, Signatures

# The characters that S3 takes in a key, as the platform lists them.
NAME = re.compile(r"[\w/!\-.*'() &$@=;:+,?]+", re.ASCII)
MAX_NAMES = 1000


class StorageRoutes:
    """Handlers over one storage."""

    def __init__(self, storage: Storage, callers: Callers, signatures: Signatures) -> None:
        self._storage = storage
        self._callers = callers
        self._signatures = signatures

    def mount(self) -> Mount:
        """The service under `/storage/v1`."""
        return Mount(
            "/storage/v1",
            routes=[
                Route("/object/list/{bucket}", self.list_folder, methods=["POST"]),
                Route("/object/list-v2/{bucket}", _unsupported, methods=["POST"]),
                Route("/object/copy", self.copy, methods=["POST"]),
                Route("/object/move", self.move, methods=["POST"]),
                Route("/object/sign/{bucket}", self.sign_many, methods=["POST"]),
                Route("/object/sign/{bucket}/{name:path}", self.sign, methods=["POST"]),
                Route("/object/sign/{bucket}/{name:path}", self.signed, methods=["GET"]),
                Route(
                    "/object/upload/sign/{bucket}/{name:path}", self.sign_upload, methods=["POST"]
                ),
                Route(
                    "/object/upload/sign/{bucket}/{name:path}", self.signed_upload, methods=["PUT"]
                ),
                Route("/object/info/{bucket}/{name:path}", self.info, methods=["GET"]),
                Route("/object/public/{bucket}/{name:path}", self.public, methods=["GET"]),
                Route("/object/authenticated/{bucket}/{name:path}", self.download, methods=["GET"]),
                Route("/object/{bucket}", self.remove, methods=["DELETE"]),
                Route("/object/{bucket}/{name:path}", self.download, methods=["GET"]),
                Route("/object/{bucket}/{name:path}", self.upload, methods=["POST", "PUT"]),
                Route("/{path:path}", _unsupported, methods=METHODS),
            ],
        )

    async def upload(self, request: Request) -> Response:
        """`POST /object/{bucket}/{name}`, and `PUT`, which may replace what is there."""
        caller, place = self._caller(request), _place(request)
        over = request.method == "PUT" or _upsert(request)
        body = partial(uploads.receive, request)
        object_id = await self._storage.upload(caller, place, caller.subject, body, over=over)
        return JSONResponse({"Id": object_id, "Key": str(place)})

    async def download(self, request: Request) -> Response:
        """`GET /object/{bucket}/{name}`, and `HEAD`."""
        found = await self._storage.find_with_blob(self._caller(request), _place(request))
        return downloads.answer(request, *found)

    async def public(self, request: Request) -> Response:
        """`GET /object/public/{bucket}/{name}`, for a bucket that is open to all."""
        return downloads.answer(request, *await self._storage.find_public(_place(request)))

    async def info(self, request: Request) -> Response:
        """`GET /object/info/{bucket}/{name}`."""
        row = await self._storage.find(self._caller(request), _place(request))
        metadata = row["metadata"]
        return JSONResponse(
            {
                "id": str(row["id"]),
                "name": row["name"],
                "version": row["version"],
                "bucket_id": row["bucket_id"],
                "size": metadata["size"],
                "content_type": metadata["mimetype"],
                "cache_control": metadata["cacheControl"],
                "etag": metadata["eTag"],
                "metadata": row["user_metadata"] or {},
                "last_modified": metadata["lastModified"],
                "created_at": row["created_at"].isoformat(),
            }
        )

    async def list_folder(self, request: Request) -> Response:
        """`POST /object/list/{bucket}`: one level of a folder."""
        caller = self._caller(request)
        listing = _listing(request.path_params["bucket"], await _object(request))
        rows = await self._storage.list(caller, listing)
        return JSONResponse([_shown(row) for row in rows])

    async def remove(self, request: Request) -> Response:
        """`DELETE /object/{bucket}` with `{prefixes}`, which are whole names."""
        caller = self._caller(request)
        names = _names((await _object(request)).get("prefixes"))
        rows = await self._storage.remove(caller, request.path_params["bucket"], names)
        return JSONResponse([_shown(row) for row in rows])

    async def copy(self, request: Request) -> Response:
        """`POST /object/copy`."""
        caller = self._caller(request)
        source, target = _source_and_target(await _object(request))
        over = _upsert(request)
        object_id = await self._storage.copy(caller, source, target, over=over)
        return JSONResponse({"Id": object_id, "Key": str(target)})

    async def move(self, request: Request) -> Response:
        """`POST /object/move`."""
        caller = self._caller(request)
        source, target = _source_and_target(await _object(request))
        object_id = await self._storage.move(caller, source, target)
        answer = {"message": "Successfully moved", "Id": object_id, "Key": str(target)}
        return JSONResponse(answer)

    async def sign(self, request: Request) -> Response:
        """`POST /object/sign/{bucket}/{name}`: a URL to read one object by."""
        caller, place = self._caller(request), _place(request)
        seconds = _seconds(await _object(request))
        await self._storage.find(caller, place)
        return JSONResponse({"signedURL": self._signed_url(place, seconds)})

    async def sign_many(self, request: Request) -> Response:
        """`POST /object/sign/{bucket}`: a URL for each of some objects that the caller may see."""
        caller, body = self._caller(request), await _object(request)
        seconds = _seconds(body)
        answers: list[dict[str, str | None]] = []
        for name in _names(body.get("paths")):
            place = Place(request.path_params["bucket"], name)
            try:
                await self._storage.find(caller, place)
            except StorageError as error:
                if error.status != 404:
                    raise
                told = "Either the object does not exist or you do not have access to it"
                answers.append({"error": told, "path": name, "signedURL": None})
            else:
                url = self._signed_url(place, seconds)
                answers.append({"error": None, "path": name, "signedURL": url})
        return JSONResponse(answers)

    async def signed(self, request: Request) -> Response:
        """`GET /object/sign/{bucket}/{name}?token=`, open to whom the URL was given."""
        place = _place(request)
        self._signatures.check(request.query_params.get("token"), place)
        return downloads.answer(request, *await self._storage.find_with_blob(None, place))

    async def sign_upload(self, request: Request) -> Response:
        """`POST /object/upload/sign/{bucket}/{name}`: a URL to write one object by."""
        caller, place, over = self._caller(request), _place(request), _upsert(request)
        await self._storage.may_write(caller, place, over=over)
        token = self._signatures.sign_upload(place, caller.subject, over=over)
        return JSONResponse({"url": f"/object/upload/sign/{place}?token={token}", "token": token})

    async def signed_upload(self, request: Request) -> Response:
        """`PUT /object/upload/sign/{bucket}/{name}?token=`."""
        place = _place(request)
        claims = self._signatures.check(request.query_params.get("token"), place, upload=True)
        body = partial(uploads.receive, request)
        over = claims["upsert"]
        object_id = await self._storage.upload(None, place, claims["owner"], body, over=over)
        return JSONResponse({"Id": object_id, "Key": str(place)})

    def _signed_url(self, place: Place, seconds: int) -> str:
        """Relative to the service, and not percent-encoded: clients do both."""
        return f"/object/sign/{place}?token={self._signatures.sign_download(place, seconds)}"

    def _caller(self, request: Request) -> Caller:
        try:
            return self._callers.resolve(request.headers)
        except BadTokenError as error:
            raise StorageError(403, "Unauthorized", error.message) from error


async def _unsupported(request: Request) -> Response:
    raise StorageError.unsupported(f"{request.method} {request.url.path}")


def _place(request: Request) -> Place:
    return _named(request.path_params["bucket"], request.path_params["name"])


def _named(bucket: Any, name: Any) -> Place:
    if not isinstance(bucket, str) or not isinstance(name, str) or not NAME.fullmatch(name):
        raise StorageError(400, "InvalidKey", f"Invalid key: {name}")
    return Place(bucket, name)


def _upsert(request: Request) -> bool:
    return request.headers.get("x-upsert", "false") == "true"


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await read_body(request))
    except ValueError as error:
        raise StorageError.bad_request("body must be JSON") from error
    if not isinstance(body, dict):
        raise StorageError.bad_request("body must be object")
    return body


def _source_and_target(body: dict[str, Any]) -> tuple[Place, Place]:
    bucket = body.get("bucketId")
    source = _named(bucket, body.get("sourceKey"))
    target = _named(body.get("destinationBucket") or bucket, body.get("destinationKey"))
    return source, target


def _seconds(body: dict[str, Any]) -> int:
    """`expiresIn`, which Python's client sends as a string and JavaScript's as a number."""
    told = body.get("expiresIn")
    seconds = int(told) if isinstance(told, str) and told.isdecimal() else told
    if not isinstance(seconds, int) or not 1 <= seconds <= LONGEST_SECONDS:
        raise StorageError.bad_request("body/expiresIn must be >= 1")
    return seconds


def _names(told: Any) -> list[str]:
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_NAMES:
        raise StorageError.bad_request(f"body must list 1 to {MAX_NAMES} names")
    if not all(isinstance(name, str) for name in told):
        raise StorageError.bad_request("names must be strings")
    return told


def _listing(bucket: str, body: dict[str, Any]) -> Listing:
    folder, search = body.get("prefix") or "", body.get("search") or ""
    sort = body.get("sortBy") or {}
    limit, offset = body.get("limit") or 100, body.get("offset") or 0
    if not (isinstance(folder, str) and isinstance(search, str) and isinstance(sort, dict)):
        raise StorageError.bad_request("body/prefix and body/search must be string")
    if not (isinstance(limit, int) and limit >= 1 and isinstance(offset, int) and offset >= 0):
        raise StorageError.bad_request("body/limit must be >= 1 and body/offset >= 0")
    column, order = sort.get("column") or "name", sort.get("order") or "asc"
    if column not in SORT_COLUMNS or order not in {"asc", "desc"}:
        raise StorageError.bad_request("body/sortBy must be a known column, asc or desc")
    if folder and not folder.endswith("/"):
        folder += "/"
    return Listing(bucket, folder, search, column, order == "desc", limit, offset)


def _shown(row: DictRow) -> dict[str, Any]:
    """A row with ids and moments as text."""
    return {
        name: value if isinstance(value, (str, dict, list)) or value is None else _text(value)
        for name, value in row.items()
    }


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
