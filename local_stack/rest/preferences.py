"""What a request prefers: the headers `Prefer`, `Accept` and the profiles."""

from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers

from local_stack.rest.errors import RestError

SCHEMA = "public"
OBJECT = "application/vnd.pgrst.object+json"
JSON = frozenset({"application/json", "*/*", "application/*"})


@dataclass(frozen=True)
class Preferences:
    """How to answer.

    Attributes:
        single: One object instead of an array; any other number of rows is an error.
        returning: Whether a write shows its rows.
        counted: Whether to tell how many rows match.
        merge: On a conflict, update (``True``) or leave (``False``) the row that is there.
        default_missing: Members that a row lacks take the column's default.
    """

    single: bool = False
    returning: bool = False
    counted: bool = False
    merge: bool | None = None
    default_missing: bool = False


def parse(headers: Headers) -> Preferences:
    """Read the headers.

    Raises:
        RestError: They ask for what is not supported.
    """
    for profile in ("accept-profile", "content-profile"):
        schema = headers.get(profile, SCHEMA)
        if schema != SCHEMA:
            raise RestError(406, "PGRST106", f"The schema must be one of the following: {SCHEMA}")
    if "range" in headers:
        raise RestError.unsupported("the header Range; use limit and offset")
    wanted = [item.strip() for item in headers.getlist("prefer") for item in item.split(",")]
    merge: Literal[True, False] | None = None
    returning = counted = default_missing = False
    for item in filter(None, wanted):
        match item:
            case "return=representation":
                returning = True
            case "return=minimal":
                returning = False
            case "count=exact":
                counted = True
            case "resolution=merge-duplicates":
                merge = True
            case "resolution=ignore-duplicates":
                merge = False
            case "missing=default":
                default_missing = True
            case "missing=null":
                default_missing = False
            case _:
                raise RestError.unsupported(f"Prefer: {item}")
    single = _single(headers.get("accept", "*/*"))
    return Preferences(single, returning, counted, merge, default_missing)


def _single(accept: str) -> bool:
    kinds = [kind.strip() for kind in accept.split(",")]
    if OBJECT in kinds:
        return True
    if not any(kind.partition(";")[0] in JSON and "nulls=" not in kind for kind in kinds):
        raise RestError.unsupported(f"Accept: {accept}")
    return False
