"""A real Postgres of our own, on loopback, with what Supabase's platform provides inside."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from local_stack import binaries as installed
from local_stack import unprivileged
from local_stack.binaries import Binaries
from local_stack.data_dir import write_private
from local_stack.errors import PostgresError
from local_stack.threads import finish
from local_stack.unprivileged import Unprivileged

HOST = "127.0.0.1"
OWNER = "postgres"
SUPERUSER = "supabase_admin"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
WATCH_SECONDS = 0.5
PORT_ATTEMPTS = 4
LOG_TAIL_LINES = 5

SETTINGS = {
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "shared_buffers": "32MB",
    # Statements and the details of errors hold people's words.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
FOR_TESTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


class Postgres:
    """A running server.

    Args:
        port: On 127.0.0.1.
        password: Of every login role.
        process: The server.
    """

    def __init__(self, port: int, password: str, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self._password = password
        self._process = process

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
        return f"postgresql://{role}:{self._password}@{HOST}:{self.port}/{database}"

    @asynccontextmanager
    async def clone(self, template: str = "postgres") -> AsyncIterator[str]:
        """A database of one's own, copied from a template and dropped when the block ends.

        Nobody may be connected to the template meanwhile.

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
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await connection.execute(statement)

    async def ended(self) -> int:
        """Wait until the server has ended by itself; its exit status."""
        while (status := self._process.poll()) is None:  # noqa: ASYNC110 - no loop's child
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
            run_as: How to be somebody other than root; by default what works here.

        Raises:
            PostgresError: It cannot start; the message holds the end of its log.
        """
        launcher = await finish(_Launcher, folder, binaries, run_as)
        await launcher.end_orphan()
        server = await launcher.launch(durable=durable)
        try:
            await _bootstrap(server)
            yield server
        finally:
            await finish(_stop, server._process)


class _Launcher:
    """Makes the data and starts the server over it."""

    def __init__(
        self, folder: Path, binaries: Binaries | None, run_as: Unprivileged | None
    ) -> None:
        self._data = folder.absolute() / "data"
        self._log = folder.absolute() / "log"
        self._password_file = folder.absolute() / "password"
        version = self._data / "PG_VERSION"
        major = int(version.read_text()) if version.exists() else None
        self._binaries = binaries or installed.find(major)
        self._run_as = run_as or unprivileged.find(Path(self._binaries.postgres))
        if major is None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_data()
        self._password = self._password_file.read_text().strip()
        self._run_as.own(self._data)

    def _make_data(self) -> None:
        """Run initdb aside and move its work into place, so that a crash leaves no half of it."""
        write_private(self._password_file, secrets.token_urlsafe(24) + "\n")
        draft = self._data.with_name("data.new")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        self._run_as.own(draft)
        command = [*self._run_as.prefix, self._binaries.initdb, "--pgdata", str(draft)]
        command += ["--username", SUPERUSER, "--auth", "scram-sha-256"]
        command += ["--pwfile", str(self._password_file), "--encoding", "UTF8", "--locale", "C"]
        done = subprocess.run(  # noqa: S603
            [*command, "--no-sync"],
            capture_output=True,
            check=False,
            timeout=START_SECONDS,
            cwd="/",
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise PostgresError("initdb failed: " + " ".join(said[-LOG_TAIL_LINES:]))
        draft.rename(self._data)

    async def launch(self, *, durable: bool) -> Postgres:
        """Start on a free port; another one when somebody was quicker to take it."""
        for _ in range(PORT_ATTEMPTS):
            port = _free_port()
            server = Postgres(port, self._password, self._spawn(port, durable=durable))
            try:
                if await self._accepts(server):
                    return server
            except BaseException:
                await finish(_stop, server._process)
                raise
        raise PostgresError(f"Postgres does not start: {self._log_tail()}")

    def _spawn(self, port: int, *, durable: bool) -> "subprocess.Popen[bytes]":
        command = [*self._run_as.prefix, self._binaries.postgres, "-D", str(self._data)]
        command += ["-h", HOST, "-p", str(port)]
        settings = SETTINGS if durable else {**SETTINGS, **FOR_TESTS}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is the stack's to hear, which ends its
            # gateway first.
            return subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )

    async def _accepts(self, server: Postgres) -> bool:
        """Wait for the first connection; ``False`` when the server ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while server._process.poll() is None:
            if time.monotonic() > deadline:
                raise PostgresError(f"Postgres accepts no connection: {self._log_tail()}")
            try:
                async with await _connect(server.dsn_of(SUPERUSER)):
                    return True
            except psycopg.OperationalError:
                await asyncio.sleep(POLL_SECONDS)
        return False

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return " | ".join(lines[-LOG_TAIL_LINES:]) or "it said nothing"

    async def end_orphan(self) -> None:
        """End a server that a killed stack left on this data."""
        try:
            pid, _, _, port = (self._data / "postmaster.pid").read_text().splitlines()[:4]
        except (FileNotFoundError, ValueError):
            return
        dsn = make_conninfo(
            host=HOST, port=port, user=SUPERUSER, password=self._password, dbname="postgres"
        )
        try:
            async with await _connect(dsn) as connection:
                found = await connection.execute("select current_setting('data_directory')")
                row = await found.fetchone()
        except psycopg.OperationalError:
            return  # a stale file, which Postgres itself sees through
        if row is None or Path(row[0]) != self._data:
            return
        os.kill(int(pid), signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while (self._data / "postmaster.pid").exists():
            if time.monotonic() > deadline:
                raise PostgresError(f"a Postgres left on {self._data} (pid {pid}) does not end")
            await asyncio.sleep(POLL_SECONDS)


async def _connect(dsn: str) -> psycopg.AsyncConnection[tuple[str]]:
    return await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=5)


async def _bootstrap(server: Postgres) -> None:
    """Make, or bring up to date, what the platform provides."""
    script = (Path(__file__).parent / "bootstrap.sql").read_bytes()
    dsn = server.dsn_of(SUPERUSER)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(
            "select set_config('local_stack.password', %s, true)", [server._password]
        )
        await connection.execute(script)
        await connection.execute("alter database postgres owner to postgres")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server: open transactions are rolled back; force only when that takes too long."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
