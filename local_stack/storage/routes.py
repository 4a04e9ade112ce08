"""HTTP of `/storage/v1`."""

from functools import partial
from typing import Any

from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from local_stack.caller import BadTokenError, Caller, Callers
from local_stack.gateway import METHODS
from local_stack.storage import downloads, requests, uploads
from local_stack.storage.errors import StorageError
from local_stack.storage.objects import Place
from local_stack.storage.resumable import Resumable
from local_stack.storage.service import Storage
from local_stack.storage.signatures import Signatures


class StorageRoutes:
    """Handlers over one storage."""

    def __init__(self, storage: Storage, callers: Callers, signatures: Signatures) -> None:
        self._storage = storage
        self._callers = callers
        self._signatures = signatures
        self.resumable = Resumable(storage, self._caller)

    def mount(self) -> Mount:
        """The service under `/storage/v1`."""
        return Mount(
            "/storage/v1",
            routes=[
                *self.resumable.routes(),
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
        caller, place = self._caller(request), requests.place(request)
        over = request.method == "PUT" or requests.upsert(request)
        body = partial(uploads.receive, request)
        object_id = await self._storage.upload(caller, place, caller.subject, body, over=over)
        return JSONResponse({"Id": object_id, "Key": str(place)})

    async def download(self, request: Request) -> Response:
        """`GET /object/{bucket}/{name}`, and `HEAD`."""
        found = await self._storage.find_with_blob(self._caller(request), requests.place(request))
        return downloads.answer(request, *found)

    async def public(self, request: Request) -> Response:
        """`GET /object/public/{bucket}/{name}`, for a bucket that is open to all."""
        return downloads.answer(request, *await self._storage.find_public(requests.place(request)))

    async def info(self, request: Request) -> Response:
        """`GET /object/info/{bucket}/{name}`."""
        row = await self._storage.find(self._caller(request), requests.place(request))
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
        listing = requests.listing(
            request.path_params["bucket"], await requests.json_object(request)
        )
        rows = await self._storage.list(caller, listing)
        return JSONResponse([_shown(row) for row in rows])

    async def remove(self, request: Request) -> Response:
        """`DELETE /object/{bucket}` with `{prefixes}`, which are whole names."""
        caller = self._caller(request)
        names = requests.names((await requests.json_object(request)).get("prefixes"))
        rows = await self._storage.remove(caller, request.path_params["bucket"], names)
        return JSONResponse([_shown(row) for row in rows])

    async def copy(self, request: Request) -> Response:
        """`POST /object/copy`."""
        caller = self._caller(request)
        source, target = requests.source_and_target(await requests.json_object(request))
        over = requests.upsert(request)
        object_id = await self._storage.copy(caller, source, target, over=over)
        return JSONResponse({"Id": object_id, "Key": str(target)})

    async def move(self, request: Request) -> Response:
        """`POST /object/move`."""
        caller = self._caller(request)
        source, target = requests.source_and_target(await requests.json_object(request))
        object_id = await self._storage.move(caller, source, target)
        answer = {"message": "Successfully moved", "Id": object_id, "Key": str(target)}
        return JSONResponse(answer)

    async def sign(self, request: Request) -> Response:
        """`POST /object/sign/{bucket}/{name}`: a URL to read one object by."""
        caller, place = self._caller(request), requests.place(request)
        seconds = requests.seconds(await requests.json_object(request))
        await self._storage.find(caller, place)
        return JSONResponse({"signedURL": self._signed_url(place, seconds)})

    async def sign_many(self, request: Request) -> Response:
        """`POST /object/sign/{bucket}`: a URL for each of some objects that the caller may see."""
        caller, body = self._caller(request), await requests.json_object(request)
        seconds = requests.seconds(body)
        answers: list[dict[str, str | None]] = []
        for name in requests.names(body.get("paths")):
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
        place = requests.place(request)
        self._signatures.check(request.query_params.get("token"), place)
        return downloads.answer(request, *await self._storage.find_with_blob(None, place))

    async def sign_upload(self, request: Request) -> Response:
        """`POST /object/upload/sign/{bucket}/{name}`: a URL to write one object by."""
        caller, place, over = (
            self._caller(request),
            requests.place(request),
            requests.upsert(request),
        )
        operation = "storage.object.sign_upload_url"
        await self._storage.may_write(caller, place, over=over, operation=operation)
        token = self._signatures.sign_upload(place, caller.subject, over=over)
        return JSONResponse({"url": f"/object/upload/sign/{place}?token={token}", "token": token})

    async def signed_upload(self, request: Request) -> Response:
        """`PUT /object/upload/sign/{bucket}/{name}?token=`."""
        place = requests.place(request)
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


def _shown(row: DictRow) -> dict[str, Any]:
    """A row with ids and moments as text."""
    return {
        name: value if isinstance(value, (str, dict, list)) or value is None else _text(value)
        for name, value in row.items()
    }


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
