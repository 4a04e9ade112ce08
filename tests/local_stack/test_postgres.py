"""Laws of the Postgres that the stack brings along."""

import asyncio
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from local_stack import binaries, unprivileged
from local_stack.binaries import Binaries
from local_stack.errors import PostgresError
from local_stack.postgres import Postgres
from local_stack.unprivileged import Unprivileged
from tests.waiting import until

WAYS = [
    pytest.param(installed, way, id=f"{installed.major}-{way.prefix[0] if way.prefix else 'self'}")
    for installed in binaries.candidates()
    for way in unprivileged.candidates()
    if way.starts(Path(installed.postgres))
]


def _servers(folder: Path) -> Iterator[psutil.Process]:
    """Processes of a server on data below a folder."""
    for process in psutil.process_iter(["cmdline"]):
        if str(folder) in " ".join(process.info["cmdline"] or ()):
            yield process


async def _scalar(dsn: str, statement: str) -> object:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        row = await (await connection.execute(statement.encode())).fetchone()
        return row[0] if row else None


@pytest.mark.process
@pytest.mark.parametrize(("installed", "way"), WAYS)
async def test_data_outlives_the_server_in_every_way_of_starting_it(
    tmp_path: Path, installed: Binaries, way: Unprivileged
) -> None:
    """Each Postgres, as each stand-in for root, starts, keeps its data and leaves no process."""
    folder = tmp_path / "pg"
    for attempt in (1, 2):
        async with Postgres.start(folder, durable=False, binaries=installed, run_as=way) as server:
            assert await _scalar(server.dsn, "show is_superuser") == "off"
            made = "create table if not exists kept (n int); insert into kept values (1)"
            async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
                await connection.execute(made.encode())
            assert await _scalar(server.dsn, "select count(*) from kept") == attempt
        assert not list(_servers(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become someone else")
def test_data_changes_hands_with_the_way_of_starting_it(tmp_path: Path) -> None:
    """Data of one user is given to another when the server must run as that one."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "file").touch()
    for uid in (unprivileged.NOBODY, 0):
        Unprivileged((), uid).own(folder)
        assert {path.stat().st_uid for path in (folder, folder / "file")} == {uid}


def test_a_program_behind_a_closed_folder_is_not_started_as_somebody_else(tmp_path: Path) -> None:
    """Only who may enter every folder above Postgres can start it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "postgres").touch()
    someone = unprivileged.NOBODY if os.geteuid() != unprivileged.NOBODY else 1
    assert Unprivileged((), os.geteuid()).starts(closed / "postgres")
    assert not Unprivileged((), someone).starts(closed / "postgres")


async def test_only_this_machine_and_only_by_password(postgres: Postgres) -> None:
    """The server listens on loopback alone, and no role gets in without its password."""
    superuser = postgres.dsn_of("supabase_admin")
    assert await _scalar(superuser, "show listen_addresses") == "127.0.0.1"
    assert await _scalar(superuser, "show unix_socket_directories") == ""
    for role in ("postgres", "supabase_admin", "authenticator"):
        dsn = f"postgresql://{role}:wrong@127.0.0.1:{postgres.port}/postgres"
        with pytest.raises(psycopg.OperationalError):
            await psycopg.AsyncConnection.connect(dsn)


@pytest.mark.process
async def test_secrets_and_data_are_the_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine may read the password, the data or the log."""
    async with Postgres.start(tmp_path / "pg", durable=False):
        for name, mode in (("", 0o700), ("password", 0o600), ("data", 0o700)):
            assert stat.S_IMODE((tmp_path / "pg" / name).stat().st_mode) == mode


@pytest.mark.process
async def test_the_log_holds_nobodys_words(tmp_path: Path) -> None:
    """A refused statement leaves its fault in the log, not its values."""
    async with (
        Postgres.start(tmp_path / "pg", durable=False) as server,
        await psycopg.AsyncConnection.connect(server.dsn, autocommit=True) as connection,
    ):
        await connection.execute("create table spoken (words text unique)")
        await connection.execute("insert into spoken values ('a private thing')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            await connection.execute("insert into spoken values ('a private thing')")
    log = (tmp_path / "pg" / "log").read_text()
    assert "unique constraint" in log
    assert "private thing" not in log


@pytest.mark.process
async def test_a_server_that_a_killed_stack_left_is_ended_and_its_data_kept(tmp_path: Path) -> None:
    """Who comes next takes over: the orphan ends, and what it had committed is there."""
    folder = tmp_path / "pg"
    starting = Postgres.start(folder)
    orphan = await starting.__aenter__()
    async with await psycopg.AsyncConnection.connect(orphan.dsn) as connection:
        await connection.execute("create table kept as select 1 as n")
    left = list(_servers(folder))
    assert left
    async with Postgres.start(folder) as server:
        assert server.port != orphan.port
        assert await _scalar(server.dsn, "select n from kept") == 1
        assert not [process for process in left if process.is_running() and not _is_dead(process)]
    await starting.__aexit__(None, None, None)


def _is_dead(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.process
async def test_a_server_that_is_killed_comes_back_with_its_data(tmp_path: Path) -> None:
    """After SIGKILL of every process the next start recovers what was committed."""
    folder = tmp_path / "pg"
    async with Postgres.start(folder) as server:
        async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
            await connection.execute("create table kept as select 1 as n")
        for process in list(_servers(folder)):
            process.send_signal(signal.SIGKILL)
        assert await asyncio.wait_for(server.ended(), 20) != 0
    async with Postgres.start(folder) as server:
        assert await _scalar(server.dsn, "select n from kept") == 1


async def test_a_clone_is_a_world_of_its_own_and_goes_with_its_block(postgres: Postgres) -> None:
    """Changes in a clone reach neither the template nor another clone, and nothing stays."""
    async with postgres.clone() as one, postgres.clone() as two:
        for name in (one, two):
            async with await psycopg.AsyncConnection.connect(
                postgres.dsn_of("postgres", name)
            ) as connection:
                await connection.execute("create table public.mine ()")
    databases = "select string_agg(datname, ' ') from pg_database"
    left = str(await _scalar(postgres.dsn, databases))
    assert one not in left
    assert two not in left
    assert await _scalar(postgres.dsn, "select to_regclass('public.mine')::text") is None


@pytest.mark.process
async def test_a_folder_of_another_version_is_named(tmp_path: Path) -> None:
    """Data that no installed Postgres can read is told so in one line."""
    (tmp_path / "pg" / "data").mkdir(parents=True)
    (tmp_path / "pg" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresError, match="made by Postgres 9, which is not installed"):
        async with Postgres.start(tmp_path / "pg"):
            pass


@pytest.mark.process
async def test_a_server_that_cannot_start_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    """Broken data ends in one line with the end of the log."""
    folder = tmp_path / "pg"
    async with Postgres.start(folder, durable=False):
        pass
    (folder / "data" / "global" / "pg_control").unlink()
    with pytest.raises(PostgresError, match="pg_control"):
        async with Postgres.start(folder, durable=False):
            pass
    assert not list(_servers(folder))


@pytest.mark.process
async def test_a_start_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    """A start that is cancelled at any moment leaves nothing."""

    async def start() -> None:
        async with Postgres.start(tmp_path / "pg", durable=False):
            await asyncio.Event().wait()

    for delay in (0.0, 0.02, 0.05, 0.2, 0.4):
        starting = asyncio.create_task(start())
        await asyncio.sleep(delay)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await until(lambda: not list(_servers(tmp_path)))


PLATFORM = [
    ("alter table storage.objects add column x int", "must be owner of table storage.objects"),
    ("create table auth.mine ()", "permission denied for schema auth"),
    ("create function storage.mine() returns int language sql as 'select 1'", "permission denied"),
    ("delete from storage.objects", "Use the Storage API instead"),
    ("comment on policy mine on storage.objects is 'x'", "must be owner of policy"),
    ("alter role postgres superuser", "uperuser|permission denied to alter role"),
]


async def test_the_owner_may_what_the_platform_lets_it_and_no_more(postgres: Postgres) -> None:
    """Policies on files and references to users are a project's own; the rest is refused."""
    async with postgres.clone() as name:
        dsn = postgres.dsn_of("postgres", name)
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await connection.execute(
                "create policy mine on storage.objects for select using (true)"
            )
            await connection.execute("create table mine (u uuid references auth.users)")
            for statement, refusal in PLATFORM:
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match=refusal):
                    await connection.execute(statement.encode())
            await connection.execute("drop policy mine on storage.objects")


async def test_the_helpers_of_the_platform_answer_as_there(postgres: Postgres) -> None:
    """Claims come from the request's settings, and a file's name falls into its parts."""
    helpers: dict[str, object] = {
        "select storage.foldername('a/b/c.tar.gz')": ["a", "b"],
        "select storage.filename('a/b/c.tar.gz')": "c.tar.gz",
        "select storage.extension('a/b/c.tar.gz')": "gz",
        "select auth.uid()": None,
        "select auth.role()": None,
        "select auth.jwt()": None,
        """select auth.email() from (select set_config('request.jwt.claims',
           '{"email": "ada@example.com"}', true)) as set""": "ada@example.com",
    }
    for statement, answer in helpers.items():
        assert await _scalar(postgres.dsn, statement) == answer
