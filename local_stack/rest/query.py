"""What a request asks of a table: the part of PostgREST's grammar that is supported here."""

import re
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import QueryParams

from local_stack.rest.errors import RestError

COMPARISONS = frozenset({"eq", "neq", "gt", "gte", "lt", "lte"})
IS_VALUES = frozenset({"null", "not_null", "true", "false", "unknown"})
OTHER_OPERATORS = re.compile(
    r"(not|like|ilike|match|imatch|isdistinct|fts|plfts|phfts|wfts|cs|cd|ov|sl|sr|nxr|nxl|adj"
    r"|all|any|or|and)\b"
)
COLUMN = re.compile(r'"(?:[^"\\]|\\.)*"|[^",.:()>\s-]+')
VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^",()]*')
ORDER = re.compile(r"(?P<column>.+?)(?:\.(?P<way>asc|desc))?(?:\.nulls(?P<nulls>first|last))?")


@dataclass(frozen=True)
class Filter:
    """A condition on a column.

    Attributes:
        column: Its name.
        operator: One of :data:`COMPARISONS`, ``in`` or ``is``.
        values: One, for ``in`` any number; for ``is`` one of :data:`IS_VALUES`.
    """

    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """A column to sort by."""

    column: str
    descending: bool = False
    nulls: Literal["first", "last"] | None = None


@dataclass(frozen=True)
class Query:
    """The query string of a request.

    Attributes:
        select: Pairs of column and name to show it by; ``None`` is every column.
        filters: All must hold.
        order: The first counts most.
        limit: Rows at most; ``None`` is as many as there are.
        offset: Rows to pass over.
        columns: Which members of the body are taken; ``None`` is all.
        on_conflict: The columns whose values must be unique.
    """

    select: tuple[tuple[str, str], ...] | None = None
    filters: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] = ()


def parse(params: QueryParams) -> Query:
    """Read a query string.

    Raises:
        RestError: It is not in the grammar, or in a part that is not supported.
    """
    filters = []
    for name, value in params.multi_items():
        if name not in {"select", "order", "limit", "offset", "columns", "on_conflict"}:
            filters.append(_filter(name, value))
    columns = params.get("columns")
    return Query(
        select=_select(params.get("select", "*")),
        filters=tuple(filters),
        order=tuple(_order(item) for item in _items(params.get("order", ""))),
        limit=_count(params, "limit"),
        offset=_count(params, "offset") or 0,
        columns=None if columns is None else tuple(map(_column, _items(columns))),
        on_conflict=tuple(map(_column, _items(params.get("on_conflict", "")))),
    )


def _items(text: str) -> list[str]:
    """Split at the commas outside quotes."""
    return [item for item in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', text) if item]


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _column(text: str) -> str:
    if not COLUMN.fullmatch(text):
        raise RestError.unsupported(f"the column expression {text!r}")
    return _unquote(text)


def _select(text: str) -> tuple[tuple[str, str], ...] | None:
    items = _items(text)
    if items in ([], ["*"]):
        return None
    selected = []
    for item in items:
        name, colon, column = item.partition(":")
        if not colon or column.startswith(":"):
            name = column = item
        selected.append((_column(column), _column(name)))
    return tuple(selected)


def _filter(name: str, text: str) -> Filter:
    if name in {"or", "and"} or name.startswith("not."):
        raise RestError.unsupported(f"the filter {name!r}")
    operator, dot, value = text.partition(".")
    if OTHER_OPERATORS.match(operator):
        raise RestError.unsupported(f"the operator {operator!r}")
    if not dot or operator not in COMPARISONS | {"in", "is"}:
        raise RestError.not_parsed("filter", text)
    column = _column(name)
    if operator == "in":
        return Filter(column, "in", _list(value))
    if operator == "is":
        if value.lower() not in IS_VALUES:
            raise RestError.not_parsed("filter", text)
        return Filter(column, "is", (value.lower(),))
    return Filter(column, operator, (value,))


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
    found = ORDER.fullmatch(text)
    if found is None:
        raise RestError.not_parsed("order", text)
    nulls: Literal["first", "last"] | None = None
    if found["nulls"]:
        nulls = "first" if found["nulls"] == "first" else "last"
    return Order(_column(found["column"]), found["way"] == "desc", nulls)


def _count(params: QueryParams, name: str) -> int | None:
    text = params.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise RestError.not_parsed(name, text)
    return int(text)
