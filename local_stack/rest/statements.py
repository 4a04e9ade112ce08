"""SQL for a request. Names are always quoted identifiers, values always parameters."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from local_stack.rest.query import Filter, Query

COMPARISONS = {
    "eq": SQL("="),
    "neq": SQL("<>"),
    "gt": SQL(">"),
    "gte": SQL(">="),
    "lt": SQL("<"),
    "lte": SQL("<="),
}
IS_VALUES = {
    "null": SQL("null"),
    "not_null": SQL("not null"),
    "true": SQL("true"),
    "false": SQL("false"),
    "unknown": SQL("unknown"),
}


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


def select(source: Statement, query: Query, max_rows: int) -> Statement:
    """Rows of a table or of a function's result, and never more than `max_rows`."""
    statement = Statement().add(SQL("select")).add(_columns(query)).add(SQL("from")).join(source)
    _where(statement, query.filters)
    if query.order:
        statement.add(SQL("order by")).add(SQL(", ").join(_orders(query)))
    limit = max_rows if query.limit is None else min(query.limit, max_rows)
    return statement.add(SQL("limit %s offset %s"), limit, query.offset)


def count(source: Statement, query: Query) -> Statement:
    """How many rows match, whatever the limit."""
    statement = Statement().add(SQL("select count(*) from")).join(source)
    _where(statement, query.filters)
    return statement


def insert(
    table: Identifier,
    query: Query,
    columns: Sequence[str],
    rows: str,
    *,
    merge: bool | None,
    returning: bool,
) -> Statement:
    """New rows.

    Args:
        table: Where to.
        query: Of the request.
        columns: Members of the rows to take.
        rows: JSON text of an array of objects.
        merge: On a conflict update the row that is there (``True``) or leave it (``False``);
            ``None`` fails.
        returning: Whether the rows are shown.
    """
    names = _names(columns)
    statement = Statement().add(SQL("insert into {}").format(table))
    if columns:
        statement.add(
            SQL("({0}) select {0} from json_populate_recordset(null::{1}, %s::json)").format(
                names, table
            ),
            rows,
        )
    else:
        statement.add(SQL("default values"))
    if merge is not None:
        statement.add(SQL("on conflict"))
        if query.on_conflict:
            statement.add(SQL("({})").format(_names(query.on_conflict)))
        if merge:
            updates = (SQL("{0} = excluded.{0}").format(quoted(column)) for column in columns)
            statement.add(SQL("do update set")).add(SQL(", ").join(updates))
        else:
            statement.add(SQL("do nothing"))
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
    return SQL(", ").join(
        SQL("{} as {}").format(quoted(column), quoted(name)) for column, name in query.select
    )


def _names(columns: Sequence[str]) -> Composable:
    return SQL(", ").join(map(quoted, columns))


def _where(statement: Statement, filters: Sequence[Filter]) -> None:
    if not filters:
        return
    statement.add(SQL("where"))
    for position, condition in enumerate(filters):
        if position:
            statement.add(SQL("and"))
        column = quoted(condition.column)
        if condition.operator == "is":
            statement.add(SQL("{} is {}").format(column, IS_VALUES[condition.values[0]]))
        elif condition.operator == "in" and not condition.values:
            statement.add(SQL("false"))
        elif condition.operator == "in":
            places = SQL(", ").join([Placeholder()] * len(condition.values))
            statement.add(SQL("{} in ({})").format(column, places), *condition.values)
        else:
            operator = COMPARISONS[condition.operator]
            statement.add(SQL("{} {} %s").format(column, operator), *condition.values)


def _orders(query: Query) -> list[Composed]:
    return [
        SQL("{} {} {}").format(
            quoted(order.column),
            SQL("desc" if order.descending else "asc"),
            SQL("nulls first" if order.nulls == "first" else "nulls last" if order.nulls else ""),
        )
        for order in query.order
    ]


def _returning(statement: Statement, query: Query, *, returning: bool) -> Statement:
    if returning:
        statement.add(SQL("returning")).add(_columns(query))
    return statement
