"""What a request asks of a table: the part of PostgREST's grammar that is supported here."""

import re
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from local_stack.rest.errors import RestError

OTHER_OPERATORS = re.compile(
    r"(not|neq|gt|gte|lte|is|like|ilike|match|imatch|isdistinct|fts|plfts|phfts|wfts|cs|cd|ov|sl"
    r"|sr|nxr|nxl|adj|all|any|or|and)\b"
)
COLUMN = re.compile(r'"(?:[^"\\]|\\.)*"|[^",.:()>\s-]+')
VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^",()]*')


@dataclass(frozen=True)
class Filter:
    """A condition: a column has one of these values, or is less than the only one."""

    column: str
    values: tuple[str, ...]
    less: bool = False


@dataclass(frozen=True)
class Order:
    """A column to sort by."""

    column: str
    descending: bool


@dataclass(frozen=True)
class Query:
    """The query string of a request.

    Attributes:
        select: Columns to show; ``None`` is every column.
        filters: All must hold.
        order: The first counts most.
        limit: Rows at most; ``None`` is as many as there are.
    """

    select: tuple[str, ...] | None = None
    filters: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None


def parse(params: QueryParams) -> Query:
    """Read a query string.

    Raises:
        RestError: It is not in the grammar, or in a part that is not supported.
    """
    select = _items(params.get("select", "*"))
    return Query(
        select=None if select in ([], ["*"]) else tuple(map(_column, select)),
        filters=tuple(
            _filter(name, value)
            for name, value in params.multi_items()
            if name not in {"select", "order", "limit"}
        ),
        order=tuple(map(_order, _items(params.get("order", "")))),
        limit=_count(params.get("limit")),
    )


def _items(text: str) -> list[str]:
    """Split at the commas outside quotes."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', text)


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _column(text: str) -> str:
    if not COLUMN.fullmatch(text):
        raise RestError.unsupported(f"the column expression {text!r}")
    return _unquote(text)


def _filter(name: str, text: str) -> Filter:
    if name in {"or", "and", "offset", "columns", "on_conflict"} or name.startswith("not."):
        raise RestError.unsupported(f"the parameter {name!r}")
    operator, dot, value = text.partition(".")
    if OTHER_OPERATORS.match(operator):
        raise RestError.unsupported(f"the operator {operator!r}")
    if not dot or operator not in {"eq", "in", "lt"}:
        raise RestError.not_parsed("filter", text)
    values = _list(value) if operator == "in" else (value,)
    return Filter(_column(name), values, less=operator == "lt")


def _list(text: str) -> tuple[str, ...]:
    if not (text.startswith("(") and text.endswith(")")):
        raise RestError.not_parsed("filter", f"in.{text}")
    inner = text[1:-1]
    values: list[str] = []
    position = 0
    while inner:
        found = VALUE.match(inner, position)
        position = found.end() if found else position
        if not found or (position < len(inner) and inner[position] != ","):
            raise RestError.not_parsed("filter", f"in.{text}")
        values.append(_unquote(found[0]))
        if position == len(inner):
            break
        position += 1
    return tuple(values)


def _order(text: str) -> Order:
    if text.endswith((".nullsfirst", ".nullslast")):
        raise RestError.unsupported(f"the order {text!r}")
    return Order(_column(text.removesuffix(".asc").removesuffix(".desc")), text.endswith(".desc"))


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise RestError.not_parsed("limit", text)
    return int(text)
