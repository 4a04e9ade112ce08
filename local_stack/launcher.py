"""Starting and ending a Postgres server over a folder of data."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from local_stack import binaries as installed
from local_stack import unprivileged
from local_stack.binaries import Binaries
from local_stack.data_dir import write_private
from local_stack.errors import PostgresError
from local_stack.threads import finish
from local_stack.unprivileged import Unprivileged

HOST = "127.0.0.1"
SUPERUSER = "supabase_admin"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 4
_BRIEFLY: dict[str, Any] = {"autocommit": True, "connect_timeout": 5}
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


@dataclass(frozen=True)
class Server:
    """A server's process, and how to reach it.

    Attributes:
        port: On 127.0.0.1.
        password: Of every login role.
        process: The server; of no event loop, so that any may use it.
    """

    port: int
    password: str = field(repr=False)
    process: "subprocess.Popen[bytes]"

    def dsn(self, role: str, database: str) -> str:
        """Where a login role connects to a database."""
        return _dsn(role, self.password, self.port, database)

    async def stop(self) -> None:
        """End it: open transactions are rolled back; force only when that takes too long."""
        await finish(self._stop)

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self.process.send_signal(number)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return


class Launcher:
    """Makes the data in a folder where there is none, and starts a server over it.

    Args:
        folder: Made where it is missing.
        binaries: Which Postgres; by default one that suits the data.
        run_as: How to run as another user than root; by default what works here.

    Raises:
        PostgresError: There is no Postgres for it, or it makes no data.
    """

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

    async def launch(self, *, durable: bool) -> Server:
        """Start on a free port; another one if that was taken in the meantime.

        Raises:
            PostgresError: It does not start; the message holds the end of its log.
        """
        for _ in range(PORT_ATTEMPTS):
            port = _free_port()
            server = Server(port, self._password, self._spawn(port, durable=durable))
            try:
                if await self._accepts(server):
                    return server
            except BaseException:
                await server.stop()
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

    async def _accepts(self, server: Server) -> bool:
        """Wait for the first connection; ``False`` when the server ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while server.process.poll() is None:
            if time.monotonic() > deadline:
                raise PostgresError(f"Postgres accepts no connection: {self._log_tail()}")
            try:
                async with await connect(server.dsn(SUPERUSER, "postgres"), **_BRIEFLY):
                    return True
            except psycopg.OperationalError:
                await asyncio.sleep(POLL_SECONDS)
        return False

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return " | ".join(lines[-LOG_TAIL_LINES:]) or "it said nothing"

    async def end_orphan(self) -> None:
        """End a server that a killed stack left on this data.

        Raises:
            PostgresError: It does not end.
        """
        try:
            pid, _, _, port = (self._data / "postmaster.pid").read_text().splitlines()[:4]
        except (FileNotFoundError, ValueError):
            return
        try:
            dsn = _dsn(SUPERUSER, self._password, int(port), "postgres")
            async with await connect(dsn, **_BRIEFLY) as connection:
                found = await connection.execute("select current_setting('data_directory')")
                row = await found.fetchone()
        except psycopg.OperationalError:
            return  # a stale file, which Postgres itself sees through
        if row is None or Path(row[0]) != self._data:
            return
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while (self._data / "postmaster.pid").exists():
            if time.monotonic() > deadline:
                raise PostgresError(f"a Postgres left on {self._data} (pid {pid}) does not end")
            await asyncio.sleep(POLL_SECONDS)


def _dsn(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@{HOST}:{port}/{database}"


async def connect(dsn: str, **options: Any) -> psycopg.AsyncConnection[Any]:
    """Open a connection, which a cancellation closes: psycopg would leave it half open.

    Args:
        dsn: The database.
        options: As psycopg's `connect` takes them.
    """
    opening = asyncio.ensure_future(psycopg.AsyncConnection.connect(dsn, **options))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(psycopg.Error):
            await (await opening).close()
        raise


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])
