"""What Supabase's own CLI does with the project's folder, and what it says of the result."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from local_stack.binaries import Binaries
from local_stack.postgres import Postgres
from tests.database import MIGRATIONS

pytestmark = pytest.mark.process

SUPABASE = MIGRATIONS.parent
BINARY = Path(__file__).parent / "cli" / "node_modules" / ".bin" / "supabase"
SECONDS = 50


@dataclass
class Cli:
    """The CLI, in a copy of the project, and a database that has only what the platform gives."""

    folder: Path
    dsn: str

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command against the database; its exit code, and what it printed and said."""
        node = shutil.which("node")
        assert node is not None, "Node is needed"
        assert BINARY.exists(), f"`npm ci` in {BINARY.parents[2]} is needed"
        process = await asyncio.create_subprocess_exec(
            *(node, str(BINARY), *arguments, f"--remote={self.dsn}?sslmode=disable"),
            *("--agent", "no", "--workdir", str(self.folder)),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                # It speaks to the database, and to nobody else.
                "SUPABASE_TELEMETRY_DISABLED": "1",
                "SUPABASE_NO_UPDATE_NOTIFIER": "1",
                "SUPABASE_NO_KEYRING": "1",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            printed, said = await asyncio.wait_for(process.communicate(), SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return process.returncode, printed.decode(), said.decode()

    async def push(self) -> str:
        """Push migrations and seed, and return all that was printed and said."""
        code, printed, said = await self.run("db", "push", "--include-seed", "--yes")
        assert code == 0, said
        return printed + said

    async def advisors(self) -> tuple[int, list[dict[str, Any]]]:
        """Ask the advisors of security and performance; the exit code and what they found."""
        code, printed, said = await self.run("db", "advisors", "--fail-on", "warn")
        assert "custom Postgres" in said
        return code, json.loads(printed) if printed.strip() else []

    async def execute(self, script: bytes) -> None:
        """Run statements as the owner."""
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            await connection.execute(script)


@pytest_asyncio.fixture
async def cli(tmp_path: Path, postgres_binaries: Binaries) -> AsyncIterator[Cli]:
    """The CLI before its first push."""
    folder = tmp_path / "project"
    await asyncio.to_thread(shutil.copytree, SUPABASE, folder / "supabase")
    async with Postgres.start(tmp_path / "pg", durable=False, binaries=postgres_binaries) as server:
        yield Cli(folder, server.dsn)


@pytest.mark.timeout(180)
async def test_what_the_cli_pushes_is_what_the_tests_know(cli: Cli) -> None:
    """`supabase db push` applies every migration and the seed, once, and the laws in SQL hold."""
    said = await cli.push()
    for file in MIGRATIONS.glob("*.sql"):
        assert file.name in said
    for file in (SUPABASE / "tests").glob("*.sql"):
        await cli.execute(file.read_bytes())
    assert "up to date" in await cli.push()


@pytest.mark.timeout(180)
async def test_the_advisors_have_nothing_to_say(cli: Cli) -> None:
    """`supabase db advisors --fail-on warn` finds nothing, and finds an open door made here."""
    await cli.push()
    code, found = await cli.advisors()
    assert [one for one in found if one["level"] != "INFO"] == []
    assert code == 0
    await cli.execute(b"create table public.door (); grant select on public.door to anon")
    code, found = await cli.advisors()
    assert code == 1
    assert any(one["metadata"]["name"] == "door" for one in found)
