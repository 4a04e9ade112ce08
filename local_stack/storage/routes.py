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
                Route("/object/sign/{bucket}", _unsupported, methods=["POST"]),
                Route("/object/sign/{bucket}/{name:path}", self.sign, methods=["POST"]),
                Route("/object/sign/{bucket}/{name:path}", self.signed, methods=["GET"]),
                Route("/object/upload/sign/{path:path}", _unsupported, methods=["POST", "PUT"]),
                Route("/object/info/{path:path}", _unsupported, methods=["GET"]),
                Route("/object/public/{path:path}", _unsupported, methods=["GET"]),
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
        object_id = await self._storage.upload(caller, place, body, over=over)
        return JSONResponse({"Id": object_id, "Key": str(place)})

    async def download(self, request: Request) -> Response:
        """`GET /object/{bucket}/{name}`, and `HEAD`."""
        found = await self._storage.find_with_blob(self._caller(request), requests.place(request))
        return downloads.answer(request, *found)

    async def list_folder(self, request: Request) -> Response:
        """`POST /object/list/{bucket}`: one level of a folder."""
        caller = self._caller(request)
        folder = requests.folder(await requests.json_object(request))
        rows = await self._storage.list(caller, request.path_params["bucket"], folder)
        return JSONResponse([_shown(row) for row in rows])

    async def remove(self, request: Request) -> Response:
        """`DELETE /object/{bucket}` with `{prefixes}`, which are whole names."""
        caller = self._caller(request)
        names = requests.names((await requests.json_object(request)).get("prefixes"))
        rows = await self._storage.remove(caller, request.path_params["bucket"], names)
        return JSONResponse([_shown(row) for row in rows])

    async def sign(self, request: Request) -> Response:
        """`POST /object/sign/{bucket}/{name}`: a URL to read one object by.

        It is relative to the service, and not percent-encoded: clients do both.
        """
        caller, place = self._caller(request), requests.place(request)
        seconds = requests.seconds(await requests.json_object(request))
        await self._storage.find(caller, place)
        token = self._signatures.sign(place, seconds)
        return JSONResponse({"signedURL": f"/object/sign/{place}?token={token}"})

    async def signed(self, request: Request) -> Response:
        """`GET /object/sign/{bucket}/{name}?token=`, open to whom the URL was given."""
        place = requests.place(request)
        self._signatures.check(request.query_params.get("token"), place)
        return downloads.answer(request, *await self._storage.find_with_blob(None, place))

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
