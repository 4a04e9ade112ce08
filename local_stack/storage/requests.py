"""What requests to storage say: places, names, times, and which page of a folder."""

import re
from typing import Any

from starlette.requests import Request

from local_stack.bodies import BadJsonError, read_object
from local_stack.storage.errors import StorageError
from local_stack.storage.objects import SORT_COLUMNS, Listing, Place
from local_stack.storage.signatures import LONGEST_SECONDS

# The characters that S3 takes in a key, as the platform lists them.
NAME = re.compile(r"[\w/!\-.*'() &$@=;:+,?]+", re.ASCII)
MAX_NAMES = 1000


def place(request: Request) -> Place:
    """Bucket and name in the path.

    Raises:
        StorageError: The name has characters that no key has.
    """
    return named(request.path_params["bucket"], request.path_params["name"])


def upsert(request: Request) -> bool:
    """Whether an object may be replaced."""
    return request.headers.get("x-upsert", "false") == "true"


async def json_object(request: Request) -> dict[str, Any]:
    """The body.

    Raises:
        StorageError: It is no JSON object.
    """
    try:
        return await read_object(request)
    except BadJsonError as error:
        raise StorageError.bad_request(f"body must be object: {error}") from error


def source_and_target(body: dict[str, Any]) -> tuple[Place, Place]:
    """The places of a copy or a move, perhaps in two buckets.

    Raises:
        StorageError: One is missing or no key.
    """
    bucket = body.get("bucketId")
    source = named(bucket, body.get("sourceKey"))
    target = named(body.get("destinationBucket") or bucket, body.get("destinationKey"))
    return source, target


def seconds(body: dict[str, Any]) -> int:
    """`expiresIn`, which Python's client sends as a string and JavaScript's as a number.

    Raises:
        StorageError: It is neither, or not in reason.
    """
    told = body.get("expiresIn")
    wanted = int(told) if isinstance(told, str) and told.isdecimal() else told
    if not isinstance(wanted, int) or not 1 <= wanted <= LONGEST_SECONDS:
        raise StorageError.bad_request("body/expiresIn must be >= 1")
    return wanted


def names(told: Any) -> list[str]:
    """A list of objects' names.

    Raises:
        StorageError: It is none, or empty, or beyond :data:`MAX_NAMES`.
    """
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_NAMES:
        raise StorageError.bad_request(f"body must list 1 to {MAX_NAMES} names")
    if not all(isinstance(name, str) for name in told):
        raise StorageError.bad_request("names must be strings")
    return told


def listing(bucket: str, body: dict[str, Any]) -> Listing:
    """A folder and a page of it; `prefix` names the folder with or without its last slash.

    Raises:
        StorageError: A member is of the wrong kind, or the column is not to be sorted by.
    """
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


def named(bucket: Any, name: Any) -> Place:
    """An object's place.

    Raises:
        StorageError: One of the two is missing, or no key.
    """
    if not isinstance(bucket, str) or not isinstance(name, str) or not NAME.fullmatch(name):
        raise StorageError(400, "InvalidKey", f"Invalid key: {name}")
    return Place(bucket, name)
