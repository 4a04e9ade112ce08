"""What requests to storage say: places, names, times, and which folder."""

import re
from typing import Any

from starlette.requests import Request

from local_stack.bodies import BadJsonError, read_object
from local_stack.storage.errors import StorageError
from local_stack.storage.objects import MOST_LISTED, Place
from local_stack.storage.signatures import LONGEST_SECONDS

# The characters that S3 takes in a key, as the platform lists them.
NAME = re.compile(r"[\w/!\-.*'() &$@=;:+,?]+", re.ASCII)
MAX_NAMES = 1000
USUAL_LIST = {
    "limit": MOST_LISTED,
    "offset": 0,
    "sortBy": {"column": "name", "order": "asc"},
    "search": "",
}
"""What clients ask of a folder unless they are told otherwise."""


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


def folder(body: dict[str, Any]) -> str:
    """The folder to list: empty, or ending in a slash; `prefix` has that slash or not.

    Raises:
        StorageError: It is no text, or another list than the usual is asked for.
    """
    for name, value in body.items():
        if name != "prefix" and value not in (None, USUAL_LIST.get(name)):
            raise StorageError.unsupported(f"{name!r} for the list of a folder")
    prefix = body.get("prefix") or ""
    if not isinstance(prefix, str):
        raise StorageError.bad_request("body/prefix must be string")
    return prefix if prefix.endswith("/") or not prefix else f"{prefix}/"


def named(bucket: Any, name: Any) -> Place:
    """An object's place.

    Raises:
        StorageError: One of the two is missing, or no key.
    """
    if not isinstance(bucket, str) or not isinstance(name, str) or not NAME.fullmatch(name):
        raise StorageError(400, "InvalidKey", f"Invalid key: {name}")
    return Place(bucket, name)
