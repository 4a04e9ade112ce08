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

    async def change(self, statement: Statement, status: int) -> Response:
        """Run a write, and show its rows if they were asked for."""
        if self.prefer.returning:
            body, _ = await self.rows(statement)
            return json_response(body, 201 if status == 201 else 200)
        await self.connection.execute(statement.text, statement.parameters)
        return Response(status_code=status)

    async def call(self, function: Function, given: list[str], arguments: str) -> Response:
        """Run a function and show its rows, or its one value."""
        if self.query != Query() or self.prefer.single:
            raise RestError.unsupported(f"a choice among the results of {function.name}")
        results = function.results(given, arguments)
        if function.is_table:
            body, _ = await self.rows(Statement().add(SQL("select * from")).join(results))
            return json_response(body)
        value = Statement().add(SQL("select to_json(result)::text as body from")).join(results)
        return json_response((await self._one(value))["body"] or "null")

    async def _one(self, statement: Statement) -> dict[str, Any]:
        found = await self.connection.execute(statement.text, statement.parameters)
        row: dict[str, Any] | None = await found.fetchone()
        if row is None:
            raise LookupError("an aggregate gave no row")
        return row


def json_response(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON text that Postgres made."""
    return Response(body, status, headers, media_type="application/json; charset=utf-8")
