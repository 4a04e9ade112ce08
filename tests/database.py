"""A real Postgres with the migrations, and a database of its own for each test.

`TEST_POSTGRES_MAJOR` picks one of the installed versions; otherwise the embedded one is taken.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from local_stack import binaries, migrate
from local_stack.postgres import Postgres
from tests.waiting import until

MIGRATIONS = Path(__file__).parent.parent / "supabase" / "migrations"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]


@dataclass
class Database:
    """One database: the ledger's functions as the services reach them, and its clock in hand."""

    server: Postgres
    name: str
    service: Connection
    """As `service_role`."""
    owner: Connection

    @asynccontextmanager
    async def connect(self, role: str = "service_role") -> AsyncIterator[Connection]:
        """Open a further connection, as PostgREST does: by `authenticator`, then as a role."""
        async with await psycopg.AsyncConnection.connect(
            self.server.dsn_of("authenticator", self.name), autocommit=True, row_factory=dict_row
        ) as connection:
            await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            yield connection

    async def call(self, function: str, connection: Connection | None = None, **given: Any) -> Any:
        """Call a function of the schema `public` as `service_role` and return its value."""
        arguments = sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in given
        )
        query = sql.SQL("select public.{}({}) as answer").format(
            sql.Identifier(function), arguments
        )
        found = await (connection or self.service).execute(
            query, {name: _as_json_would(value) for name, value in given.items()}
        )
        row = await found.fetchone()
        assert row is not None
        return row["answer"]

    async def overlapping(self, do: Callable[[Connection], Awaitable[Any]]) -> tuple[Any, Any]:
        """Do it twice, the second time before the first has committed; return both answers."""
        async with self.connect() as first, self.connect() as second:
            async with first.transaction():
                answer = await do(first)
                other = asyncio.ensure_future(do(second))

                async def has_come() -> bool:
                    waiting = await self.query("select from pg_locks where not granted")
                    return bool(waiting) or other.done()

                await until(has_come)
            return answer, await other

    async def query(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement as the owner."""
        found = await self.owner.execute(statement.encode(), values)
        return await found.fetchall() if found.description is not None else []

    async def user(self, *, anonymous: bool = False) -> str:
        """Add an account."""
        user_id = str(uuid4())
        await self.query(
            "insert into auth.users (id, is_anonymous) values (%s, %s)", user_id, anonymous
        )
        return user_id

    async def set_clock(self, moment: datetime) -> None:
        """Stop the ledger's clock at a moment."""
        await self.query("update ledger.stopped_clock set moment = %s", moment)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by on the stopped clock."""
        await self.query(
            "update ledger.stopped_clock set moment = moment + %s", timedelta(seconds=seconds)
        )

    async def recount(self) -> None:
        """Assert that the totals of today and yesterday are what their rows add up to."""
        wrong = await self.query(
            "select d.day, r.* from ("
            "  select distinct t.opened_on as day from public.transcription_usage as t"
            "  where t.opened_on >= ledger.day_of(ledger.clock()) - 1"
            ") as d, ledger.recount(d.day) as r"
        )
        assert wrong == [], wrong

    async def usage(self, session_id: str) -> Row:
        """Return the row of a session."""
        [row] = await self.query(
            "select * from public.transcription_usage where id = %s", session_id
        )
        return row


def _as_json_would(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    return Jsonb(value) if isinstance(value, dict) else value


STOPPED_CLOCK = """
create table ledger.stopped_clock (moment timestamptz not null);
create or replace function ledger.clock() returns timestamptz
  language sql volatile set search_path = '' as $$ select moment from ledger.stopped_clock $$;
"""


@pytest.fixture(scope="session")
def postgres_binaries() -> binaries.Binaries:
    """The Postgres under test."""
    major = os.environ.get("TEST_POSTGRES_MAJOR")
    return binaries.find(int(major) if major else None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres_binaries: binaries.Binaries
) -> AsyncIterator[Postgres]:
    """A server whose database `postgres` has the migrations; tests clone it."""
    folder = tmp_path_factory.mktemp("postgres")
    async with Postgres.start(folder, durable=False, binaries=postgres_binaries) as server:
        await migrate.apply(server.dsn, MIGRATIONS)
        yield server


@pytest_asyncio.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    """A database of the test's own; its ledger's clock stands at noon (UTC)."""
    async with postgres.clone() as name:
        owner: Connection
        async with await psycopg.AsyncConnection.connect(
            postgres.dsn_of("postgres", name), autocommit=True, row_factory=dict_row
        ) as owner:
            await owner.execute(STOPPED_CLOCK.encode())
            await owner.execute("insert into ledger.stopped_clock values (%s)", [NOON])
            async with await psycopg.AsyncConnection.connect(
                postgres.dsn_of("authenticator", name), autocommit=True, row_factory=dict_row
            ) as service:
                await service.execute("set role service_role")
                yield (made := Database(postgres, name, service, owner))
                await made.recount()
