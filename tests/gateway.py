"""Supabase over a test's own database, which can go away and come back at the same address."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest_asyncio
from pydantic import SecretStr

from local_stack.data_dir import DataDir
from local_stack.services import serve_supabase
from local_stack.serving import listen
from tests.database import Database
from transcription.rpc import Rpc, connect


class Gateway:
    """One Supabase.

    Args:
        database: What it serves.
        folder: Where it keeps its keys and files.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._data = DataDir(folder)
        self._data.create()
        self._port = 0
        self._running = AsyncExitStack()
        self.url = ""
        self.publishable_key = ""
        self.secret_key = SecretStr("")

    async def start(self) -> None:
        """Serve; at the same address each time."""
        listener: socket.socket = listen("a test", "127.0.0.1", self._port)
        self._port = listener.getsockname()[1]
        supabase = await self._running.enter_async_context(
            serve_supabase(listener, self._data, self._dsn_of)
        )
        self.url = supabase.url
        self.publishable_key = supabase.keys.publishable
        self.secret_key = SecretStr(supabase.keys.secret)

    async def stop(self) -> None:
        """Go away."""
        await self._running.aclose()

    @asynccontextmanager
    async def rpc(self, *, timeout_seconds: float = 5.0) -> AsyncIterator[Rpc]:
        """Call its functions with the secret key."""
        async with connect(self.url, self.secret_key, timeout_seconds=timeout_seconds) as rpc:
            yield rpc

    def _dsn_of(self, role: str) -> str:
        return self._database.server.dsn_of(role, self._database.name)


@pytest_asyncio.fixture
async def gateway(database: Database, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A Supabase over the test's database."""
    gateway = Gateway(database, tmp_path / "supabase")
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()
