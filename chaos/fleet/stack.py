"""Supabase, as `python -m local_stack` plays it, and a look into its database."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from dotenv import dotenv_values
from psycopg.rows import dict_row

from chaos.fleet.ports import HOST
from chaos.fleet.process import POLL_SECONDS, READY_SECONDS, Process

Row = dict[str, Any]


class Stack:
    """One Supabase; its address and its data stay when it is restarted.

    Args:
        folder: For its data and its logs.
        port: Of its gateway.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._data = folder / "supabase"
        self.process = Process(
            "supabase",
            "local_stack",
            arguments=[
                *("--data-dir", str(self._data), "--port", str(port)),
                *("--provider-port", "0", "--engine", "scripted"),
            ],
            environment={},
            folder=folder,
            port=port,
        )

    @property
    def url(self) -> str:
        """Its address."""
        return self.process.url

    @property
    def issuer(self) -> str:
        """What its tokens name as their issuer."""
        return f"{self.url}/auth/v1"

    @property
    def keys(self) -> tuple[str, str]:
        """The publishable key and the secret key."""
        env = dotenv_values(self._data / "env")
        return env["SUPABASE_PUBLISHABLE_KEY"] or "", env["SUPABASE_SECRET_KEY"] or ""

    @property
    def objects(self) -> Path:
        """Where the bytes of stored objects lie."""
        return self._data / "storage"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        await self.process.start()
        await self.process.ready(self._said_ready)

    async def stop(self) -> None:
        """End it, and Postgres with it, even one that a killed stack has left."""
        if self.process.running:
            await self.process.drain()
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(self._postmaster()[0]), signal.SIGQUIT)

    async def crash_database(self) -> None:
        """Kill a process of Postgres: all connections die, and it recovers from its log."""
        with suppress(psycopg.Error):
            clients = "select pid from pg_stat_activity where usename = 'authenticator' limit 1"
            for row in await self.query(clients):
                os.kill(row["pid"], signal.SIGKILL)

    async def rotate_keys(self) -> None:
        """Sign with a new key from now on; tokens of the former ones stay good."""
        await self.process.command("rotate-keys")

    async def query(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement as the owner of the database; once more, where the connection dies."""
        try:
            return await self._query(statement, values)
        except psycopg.OperationalError:
            return await self._query(statement, values)

    async def _query(self, statement: str, values: Sequence[Any]) -> list[Row]:
        async with self.connection() as connection:
            found = await connection.execute(statement.encode(), values)
            return await found.fetchall() if found.description is not None else []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
        """Connect to the database as its owner, when it is there: a storm may have crashed it.

        Raises:
            TimeoutError: It does not come back.
        """
        async with asyncio.timeout(READY_SECONDS):
            while True:
                with suppress(OSError, IndexError, psycopg.OperationalError):
                    connected = await self._connect()
                    break
                await asyncio.sleep(POLL_SECONDS)
        async with connected as connection:
            yield connection

    async def _connect(self) -> psycopg.AsyncConnection[Row]:
        password = (self._data / "postgres" / "password").read_text().strip()
        port = self._postmaster()[3]
        dsn = f"postgresql://postgres:{password}@{HOST}:{port}/postgres"
        return await psycopg.AsyncConnection.connect(dsn, autocommit=True, row_factory=dict_row)

    def _postmaster(self) -> list[str]:
        """Return the lines of Postgres' pid file: first its process id, fourth its port."""
        return (self._data / "postgres" / "data" / "postmaster.pid").read_text().splitlines()

    async def _said_ready(self) -> bool:
        return "local_stack ready:" in self.process.life.log.read_text()
