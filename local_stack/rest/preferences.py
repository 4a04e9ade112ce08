"""What a request prefers: the headers `Prefer`, `Accept` and the profiles."""

from dataclasses import dataclass

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
    """

    single: bool
    returning: bool


def parse(headers: Headers) -> Preferences:
    """Read the headers.

    Raises:
        RestError: They ask for what is not supported.
    """
    for profile in ("accept-profile", "content-profile"):
        if headers.get(profile, SCHEMA) != SCHEMA:
            raise RestError(406, "PGRST106", f"The schema must be one of the following: {SCHEMA}")
    if "range" in headers:
        raise RestError.unsupported("the header Range; use limit")
    returning = False
    for item in (item.strip() for line in headers.getlist("prefer") for item in line.split(",")):
        if item not in {"return=representation", "return=minimal", ""}:
            raise RestError.unsupported(f"Prefer: {item}")
        returning = item == "return=representation"
    kinds = [kind.strip() for kind in headers.get("accept", "*/*").split(",")]
    single = OBJECT in kinds
    plain = any(kind.partition(";")[0] in JSON and "nulls=" not in kind for kind in kinds)
    if not single and not plain:
        raise RestError.unsupported(f"Accept: {', '.join(kinds)}")
    return Preferences(single, returning)
