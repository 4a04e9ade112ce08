"""A request that was understood, inside the transaction that answers it."""

from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL
from starlette.responses import Response

from local_stack.pools import Connection
from local_stack.rest import statements
from local_stack.rest.errors import RestError
from local_stack.rest.functions import Function
from local_stack.rest.preferences import Preferences
from local_stack.rest.query import Query
from local_stack.rest.statements import Statement

# The key's columns in their own order.
PRIMARY_KEY = """
select attname from pg_index
cross join unnest(indkey) with ordinality as key(number, place)
join pg_attribute on attrelid = indrelid and attnum = number
where indrelid = to_regclass(quote_ident('public') || '.' || quote_ident(%s)) and indisprimary
order by place
"""


@dataclass(frozen=True)
class Asked:
    """What is wanted, and the caller's own connection."""

    connection: Connection
    query: Query
    prefer: Preferences
    max_rows: int

    async def rows(self, rows: Statement) -> tuple[str, int]:
        """Run a statement; its rows as JSON text, and their number.

        Raises:
            RestError: One row was wanted, and there is another number of them.
        """
        found = await self._one(statements.as_json(rows, single=self.prefer.single))
        if self.prefer.single and found["rows"] != 1:
            raise RestError(
                406,
                "PGRST116",
                "Cannot coerce the result to a single JSON object",
                details=f"The result contains {found['rows']} rows",
            )
        return found["body"], found["rows"]

    async def count(self, source: Statement) -> int | None:
        """How many rows match, if that was asked."""
        if not self.prefer.counted:
            return None
        return int((await self._one(statements.count(source, self.query)))["count"])

    async def change(self, statement: Statement, status: int) -> Response:
        """Run a write, and show its rows if they were asked for."""
        self._refuse_count("a write")
        if self.prefer.returning:
            body, _ = await self.rows(statement)
            return json_response(body, 201 if status == 201 else 200)
        await self.connection.execute(statement.text, statement.parameters)
        return Response(status_code=status)

    async def call(self, function: Function, given: list[str], arguments: str) -> Response:
        """Run a function, and show its result in the shape that its signature promises."""
        self._refuse_count("a function")
        results = function.results(given, arguments)
        if function.is_row and function.is_set:
            body, _ = await self.rows(statements.select(results, self.query, self.max_rows))
            return json_response(body)
        if self.query != Query():
            raise RestError.unsupported(f"filters on the single result of {function.name}")
        if function.is_row:
            row = statements.as_json(statements.select(results, self.query, 1), single=True)
            return json_response((await self._one(row))["body"])
        shown = "coalesce(json_agg(result), '[]')" if function.is_set else "to_json(result)"
        value = Statement().add(SQL(f"select {shown}::text as body from")).join(results)
        body = (await self._one(value))["body"]
        return Response(status_code=204) if function.is_void else json_response(body or "null")

    def _refuse_count(self, what: str) -> None:
        if self.prefer.counted:
            raise RestError.unsupported(f"counting the rows of {what}")

    async def primary_key(self, table: str) -> tuple[str, ...]:
        """The columns of a table's primary key."""
        found = await self.connection.execute(PRIMARY_KEY, [table])
        return tuple(row["attname"] for row in await found.fetchall())

    async def _one(self, statement: Statement) -> dict[str, Any]:
        found = await self.connection.execute(statement.text, statement.parameters)
        row: dict[str, Any] | None = await found.fetchone()
        if row is None:
            raise LookupError("an aggregate gave no row")
        return row


def json_response(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON text that Postgres made."""
    return Response(body, status, headers, media_type="application/json; charset=utf-8")
