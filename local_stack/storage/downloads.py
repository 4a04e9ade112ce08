"""An object's bytes as an HTTP answer: whole, in part, or not at all if the client has them."""

import os
from pathlib import Path

from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import FileResponse, Response


def answer(request: Request, row: DictRow, path: Path, stat: os.stat_result) -> Response:
    """Answer a GET or HEAD, its `Range` and `If-None-Match` too (RFC 9110).

    Args:
        request: May say `?download=<name>`, which makes a browser save the file.
        row: The object.
        path: Of its blob.
        stat: Of the blob; it is known to be there.
    """
    metadata = row["metadata"]
    headers = {
        "ETag": metadata["eTag"],
        "Cache-Control": metadata["cacheControl"],
        "Content-Type": metadata["mimetype"],
    }
    if request.headers.get("if-none-match") == metadata["eTag"]:
        return Response(status_code=304, headers=headers)
    name = request.query_params.get("download")
    if name is not None:
        name = name or row["name"].rpartition("/")[2]
    return FileResponse(path, headers=headers, filename=name, stat_result=stat)
