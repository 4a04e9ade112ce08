"""A real Postgres of our own, on loopback, with what Supabase's platform provides inside."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg import sql

from local_stack.binaries import Binaries
from local_stack.launcher import SUPERUSER, Launcher, Server, connect
from local_stack.threads import finish
from local_stack.unprivileged import Unprivileged

OWNER = "postgres"
WATCH_SECONDS = 0.5


class Postgres:
    """A running server.

    Args:
        server: The process and how to reach it.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.port = server.port

    @property
    def dsn(self) -> str:
        """Where the project's owner connects: role and database `postgres`."""
        return self.dsn_of(OWNER)

    def dsn_of(self, role: str, database: str = "postgres") -> str:
        """Where another login role connects, or to another database.

        Args:
            role: ``postgres``, ``authenticator``, ``supabase_auth_admin``,
                ``supabase_storage_admin`` or the superuser ``supabase_admin``.
            database: Its name.
        """
        return self._server.dsn(role, database)

    @asynccontextmanager
    async def clone(self, template: str = "postgres") -> AsyncIterator[str]:
        """A database of one's own, copied from a template and dropped when the block ends.

        No client may be connected to the template in the meantime.

        Yields:
            The name of the database, for :meth:`dsn_of`.
        """
        name = f"clone_{secrets.token_hex(6)}"
        target = sql.Identifier(name)
        await self._administer(
            sql.SQL("create database {} owner {} template {}").format(
                target, sql.Identifier(OWNER), sql.Identifier(template)
            )
        )
        try:
            yield name
        finally:
            await self._administer(sql.SQL("drop database {} with (force)").format(target))

    async def _administer(self, statement: sql.Composed) -> None:
        dsn = self.dsn_of(SUPERUSER, "template1")
        async with await connect(dsn, autocommit=True) as connection:
            await connection.execute(statement)

    async def ended(self) -> int:
        """Wait until the server has ended by itself; its exit status."""
        while (status := self._server.process.poll()) is None:  # noqa: ASYNC110 - no loop's child
            await asyncio.sleep(WATCH_SECONDS)
        return status

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        *,
        durable: bool = True,
        binaries: Binaries | None = None,
        run_as: Unprivileged | None = None,
    ) -> "AsyncIterator[Postgres]":
        """A server over the data in a folder, stopped when the block ends.

        One server at a time on a folder: one that an earlier, killed process left is ended first.

        Args:
            folder: Made with its data at the first start.
            durable: ``False`` trades safety at a power cut for speed, for tests.
            binaries: Which Postgres; by default one that suits the data.
            run_as: How to run as another user than root; by default what works here.

        Raises:
            PostgresError: It cannot start; the message holds the end of its log.
        """
        launcher = await finish(Launcher, folder, binaries, run_as)
        await launcher.end_orphan()
        server = await launcher.launch(durable=durable)
        try:
            await _bootstrap(server)
            yield cls(server)
        finally:
            await server.stop()


async def _bootstrap(server: Server) -> None:
    """Make, or bring up to date, what the platform provides."""
    script = (Path(__file__).parent / "bootstrap.sql").read_bytes()
    dsn = server.dsn(SUPERUSER, "postgres")
    async with await connect(dsn) as connection:
        await connection.execute(
            "select set_config('local_stack.password', %s, true)", [server.password]
        )
        await connection.execute(script)
        await connection.execute("alter database postgres owner to postgres")
