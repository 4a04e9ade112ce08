"""HTTP of `/rest/v1`: tables and functions of the schema `public`, in the caller's own name."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

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
from local_stack.rest.statements import Statement, quoted


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
            table = Statement().add(_table(request))
            body, rows = await asked.rows(statements.select(table, asked.query, self._max_rows))
            total = await asked.count(table)
        first = asked.query.offset
        span = f"{first}-{first + rows - 1}" if rows else "*"
        headers = {"Content-Range": f"{span}/{'*' if total is None else total}"}
        return json_response(body, 200 if total is None or rows >= total else 206, headers)

    async def insert(self, request: Request) -> Response:
        """`POST /{table}`: new rows; with `Prefer: resolution=…` an upsert."""
        body, text = await _json(request)
        rows: list[Any] = body if isinstance(body, list) else [body]
        async with self._asked(request) as asked:
            _refuse(request, "order", "limit", "offset")
            columns = _columns(rows, asked)
            if not rows:
                return json_response("[]", 201)
            wanted = asked.query
            if asked.prefer.merge and not wanted.on_conflict:
                key = await asked.primary_key(request.path_params["table"])
                wanted = replace(wanted, on_conflict=key)
            statement = statements.insert(
                _table(request),
                wanted,
                columns,
                text if isinstance(body, list) else f"[{text}]",
                merge=asked.prefer.merge,
                returning=asked.prefer.returning,
            )
            return await asked.change(statement, 201)

    async def update(self, request: Request) -> Response:
        """`PATCH /{table}`: change the rows that match."""
        body, text = await _json(request)
        async with self._asked(request) as asked:
            if not isinstance(body, dict):
                raise RestError.unsupported("an update by an array")
            _check_where(asked.query, request)
            if not body:
                return json_response("[]") if asked.prefer.returning else Response(status_code=204)
            table, returning = _table(request), asked.prefer.returning
            columns = list(body)
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


async def _json(request: Request) -> tuple[Any, str]:
    """The body's value, and its text: Postgres reads the numbers of the latter as they stand."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind != "application/json":
        raise RestError.unsupported(f"Content-Type: {kind}")
    try:
        text = await read_body(request)
        value = parse(text)
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, dict) for row in rows):
            raise BadJsonError("not rows")
    except BadJsonError as error:
        raise RestError(400, "PGRST102", "Empty or invalid json") from error
    return value, text.decode()


def _columns(rows: list[dict[str, Any]], asked: Asked) -> tuple[str, ...]:
    """Which members of the rows are taken."""
    columns = asked.query.columns
    if columns is None:
        columns = tuple(rows[0]) if rows else ()
        if any(row.keys() != set(columns) for row in rows):
            raise RestError(400, "PGRST102", "All object keys must match")
    elif asked.prefer.default_missing and any(set(columns) - row.keys() for row in rows):
        raise RestError.unsupported("Prefer: missing=default for rows of different members")
    return columns


def _check_where(wanted: Query, request: Request) -> None:
    """Refuse to write to every row, as the platform does."""
    _refuse(request, "order", "limit", "offset", "columns")
    if not wanted.filters:
        verb = "UPDATE" if request.method == "PATCH" else "DELETE"
        raise RestError(400, "21000", f"{verb} requires a WHERE clause")


def _refuse(request: Request, *names: str) -> None:
    for name in names:
        if name in request.query_params:
            raise RestError.unsupported(f"{name!r} for {request.method}")
