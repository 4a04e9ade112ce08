"""HTTP of `/rest/v1`: tables and functions of the schema `public`, in the caller's own name."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.sql import Identifier
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from local_stack.acting import act_as
from local_stack.bodies import BadJsonError, parse, read_body
from local_stack.caller import BadTokenError, Caller, Callers
from local_stack.gateway import METHODS
from local_stack.pools import Pool
from local_stack.rest import functions, preferences, query, statements
from local_stack.rest.asked import Asked, json_response
from local_stack.rest.errors import RestError
from local_stack.rest.preferences import SCHEMA
from local_stack.rest.query import Query
from local_stack.rest.statements import quoted


class RestRoutes:
    """Handlers over one database."""

    def __init__(self, pool: Pool, callers: Callers, *, max_rows: int) -> None:
        self._pool = pool
        self._callers = callers
        self._max_rows = max_rows

    def mount(self) -> Mount:
        """The service under `/rest/v1`."""
        return Mount(
            "/rest/v1",
            routes=[
                Route("/rpc/{name}", self.call, methods=["POST"]),
                Route("/{table}", self.read, methods=["GET"]),
                Route("/{table}", self.insert, methods=["POST"]),
                Route("/{table}", self.update, methods=["PATCH"]),
                Route("/{table}", self.delete, methods=["DELETE"]),
                Route("/{path:path}", _unsupported, methods=METHODS),
            ],
        )

    async def read(self, request: Request) -> Response:
        """`GET /{table}`: rows that the caller may see."""
        async with self._asked(request, read_only=True) as asked:
            statement = statements.select(_table(request), asked.query, self._max_rows)
            body, rows = await asked.rows(statement)
        span = f"0-{rows - 1}" if rows else "*"
        return json_response(body, headers={"Content-Range": f"{span}/*"})

    async def insert(self, request: Request) -> Response:
        """`POST /{table}`: a new row."""
        columns, text = await _row(request)
        async with self._asked(request) as asked:
            if asked.query != Query(select=asked.query.select):
                raise RestError.unsupported("filters, an order or a limit for POST")
            table, returning = _table(request), asked.prefer.returning
            statement = statements.insert(table, asked.query, columns, text, returning=returning)
            return await asked.change(statement, 201)

    async def update(self, request: Request) -> Response:
        """`PATCH /{table}`: change the rows that match."""
        columns, text = await _row(request)
        async with self._asked(request) as asked:
            _check_where(asked.query, request)
            table, returning = _table(request), asked.prefer.returning
            statement = statements.update(table, asked.query, columns, text, returning=returning)
            return await asked.change(statement, 204)

    async def delete(self, request: Request) -> Response:
        """`DELETE /{table}`: take away the rows that match."""
        async with self._asked(request) as asked:
            _check_where(asked.query, request)
            returning = asked.prefer.returning
            statement = statements.delete(_table(request), asked.query, returning=returning)
            return await asked.change(statement, 204)

    async def call(self, request: Request) -> Response:
        """`POST /rpc/{name}`: call a function by the names of its arguments."""
        given, arguments = functions.arguments(await read_body(request))
        async with self._asked(request) as asked:
            name = request.path_params["name"]
            function = await functions.find(asked.connection, name, given)
            return await asked.call(function, given, arguments)

    @asynccontextmanager
    async def _asked(self, request: Request, *, read_only: bool = False) -> AsyncIterator[Asked]:
        """A transaction in the caller's name; whatever Postgres refuses becomes an answer."""
        caller = self._caller(request)
        wanted = query.parse(request.query_params)
        prefer = preferences.parse(request.headers)
        settings = {
            "request.method": request.method,
            "request.path": request.url.path.removeprefix("/rest/v1"),
            "request.headers": json.dumps(dict(request.headers)),
        }
        if read_only:
            settings["transaction_read_only"] = "on"
        try:
            async with self._pool.connection() as connection:
                await act_as(connection, caller, settings)
                yield Asked(connection, wanted, prefer, self._max_rows)
        except PoolTimeout as error:
            message = "Timed out acquiring connection from connection pool."
            raise RestError(504, "PGRST003", message) from error
        except psycopg.Error as error:
            raise RestError.from_postgres(error, caller.role) from error

    def _caller(self, request: Request) -> Caller:
        try:
            return self._callers.resolve(request.headers)
        except BadTokenError as error:
            if error.expired:
                raise RestError(401, "PGRST303", "JWT expired") from error
            raise RestError(401, "PGRST301", error.message) from error


async def _unsupported(request: Request) -> Response:
    raise RestError.unsupported(f"{request.method} {request.url.path}")


def _table(request: Request) -> Identifier:
    return quoted(SCHEMA, request.path_params["table"])


async def _row(request: Request) -> tuple[list[str], str]:
    """The members of the row in a body, and its text: Postgres reads its numbers as they stand."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind != "application/json":
        raise RestError.unsupported(f"Content-Type: {kind}")
    try:
        text = await read_body(request)
        value = parse(text)
    except BadJsonError as error:
        raise RestError(400, "PGRST102", "Empty or invalid json") from error
    if not isinstance(value, dict) or not value:
        raise RestError.unsupported("a body other than one row, as an object with members")
    return list(value), text.decode()


def _check_where(wanted: Query, request: Request) -> None:
    """Refuse to write to every row, as the platform does."""
    if wanted.order or wanted.limit is not None:
        raise RestError.unsupported(f"an order or a limit for {request.method}")
    if not wanted.filters:
        verb = "UPDATE" if request.method == "PATCH" else "DELETE"
        raise RestError(400, "21000", f"{verb} requires a WHERE clause")
