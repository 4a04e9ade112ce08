"""SQL for a request. Names are always quoted identifiers, values always parameters."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from local_stack.rest.query import Filter, Query


def quoted(*names: str) -> Identifier:
    """A name, perhaps qualified; a per cent sign in it is no placeholder."""
    return Identifier(*(name.replace("%", "%%") for name in names))


class Statement:
    """SQL text with the values that belong to its placeholders, grown from left to right."""

    def __init__(self) -> None:
        self._parts: list[Composable] = []
        self.parameters: list[object] = []

    def add(self, text: Composable, *parameters: object) -> "Statement":
        """Append a piece and its values."""
        self._parts.append(text)
        self.parameters.extend(parameters)
        return self

    def join(self, other: "Statement") -> "Statement":
        """Append another statement."""
        return self.add(other.text, *other.parameters)

    @property
    def text(self) -> Composed:
        """The SQL."""
        return SQL(" ").join(self._parts)


def select(table: Identifier, query: Query, max_rows: int) -> Statement:
    """Rows of a table, and never more than `max_rows`."""
    statement = Statement().add(SQL("select {} from {}").format(_columns(query), table))
    _where(statement, query.filters)
    if query.order:
        statement.add(SQL("order by")).add(SQL(", ").join(_orders(query)))
    limit = max_rows if query.limit is None else min(query.limit, max_rows)
    return statement.add(SQL("limit %s"), limit)


def insert(
    table: Identifier, query: Query, columns: Sequence[str], row: str, *, returning: bool
) -> Statement:
    """A new row; ``row`` is JSON text of one object."""
    statement = Statement().add(
        SQL(
            "insert into {1} ({0}) select {0} from json_populate_record(null::{1}, %s::json)"
        ).format(_names(columns), table),
        row,
    )
    return _returning(statement, query, returning=returning)


def update(
    table: Identifier, query: Query, columns: Sequence[str], row: str, *, returning: bool
) -> Statement:
    """Changed rows; ``row`` is JSON text of one object."""
    names = _names(columns)
    statement = Statement().add(
        SQL(
            "update {1} set ({0}) = (select {0} from json_populate_record(null::{1}, %s::json))"
        ).format(names, table),
        row,
    )
    _where(statement, query.filters)
    return _returning(statement, query, returning=returning)


def delete(table: Identifier, query: Query, *, returning: bool) -> Statement:
    """Rows taken away."""
    statement = Statement().add(SQL("delete from {}").format(table))
    _where(statement, query.filters)
    return _returning(statement, query, returning=returning)


def as_json(rows: Statement, *, single: bool = False) -> Statement:
    """The rows as JSON text (`body`) and their number (`rows`).

    Args:
        rows: What gives them.
        single: The first row's object instead of an array.
    """
    first = SQL("coalesce(json_agg(source) -> 0, 'null')")
    every = SQL("coalesce(json_agg(source), '[]')")
    shown = SQL(") select {}::text as body, count(*) as rows from source")
    return (
        Statement()
        .add(SQL("with source as ("))
        .join(rows)
        .add(shown.format(first if single else every))
    )


def _columns(query: Query) -> Composable:
    if query.select is None:
        return SQL("*")
    return _names(query.select)


def _names(columns: Sequence[str]) -> Composable:
    return SQL(", ").join(map(quoted, columns))


def _where(statement: Statement, filters: Sequence[Filter]) -> None:
    if not filters:
        return
    statement.add(SQL("where"))
    for position, condition in enumerate(filters):
        if position:
            statement.add(SQL("and"))
        places = SQL(", ").join([Placeholder()] * len(condition.values))
        if condition.values:
            matches = SQL("{} < {}" if condition.less else "{} in ({})")
            statement.add(matches.format(quoted(condition.column), places), *condition.values)
        else:
            statement.add(SQL("false"))


def _orders(query: Query) -> list[Composed]:
    return [
        SQL("{} {}").format(quoted(order.column), SQL("desc" if order.descending else "asc"))
        for order in query.order
    ]


def _returning(statement: Statement, query: Query, *, returning: bool) -> Statement:
    if returning:
        statement.add(SQL("returning")).add(_columns(query))
    return statement
