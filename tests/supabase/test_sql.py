import asyncio
import tomllib
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from local_stack import migrate
from local_stack.binaries import Binaries
from local_stack.postgres import Postgres
from tests.database import MIGRATIONS, Database
from tests.supabase import tap

SUPABASE = MIGRATIONS.parent
SQL_TESTS = sorted((SUPABASE / "tests").glob("*.sql"))


def test_there_are_sql_tests() -> None:
    """The laws of access are written in SQL, one room a file."""
    names = [file.stem for file in SQL_TESTS]
    assert names == ["access", "catalogue", "own_keys", "storage", "voices"]


@pytest.mark.parametrize("file", SQL_TESTS, ids=lambda file: str(file.stem))
async def test_sql(database: Database, file: Path) -> None:
    """The assertions of the file hold for each role, and it leaves nothing behind."""
    await database.query("drop table ledger.stopped_clock")
    await database.query(
        "create or replace function ledger.clock() returns timestamptz"
        " language sql volatile set search_path = '' as $$ select clock_timestamp() $$"
    )
    dsn = database.server.dsn_of("postgres", database.name)
    async with await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, row_factory=dict_row
    ) as connection:
        report = await tap.run(connection, await asyncio.to_thread(file.read_text))
    told = "\n".join(report)
    assert "not ok" not in told, told
    assert len(report) > 1
    assert await database.query("select id from auth.users") == []


async def test_a_failure_hides_no_other(database: Database) -> None:
    """Each block of assertions is reported, after one that failed and whatever it had done."""
    script = """begin;
-- The first fails.
do $$
begin
  insert into auth.users (id) values (gen_random_uuid());
  assert false, 'so it does';
end
$$;
-- The second holds.
do $$
begin
  assert not exists (select from auth.users);
end
$$;
rollback;
"""
    dsn = database.server.dsn_of("postgres", database.name)
    async with await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, row_factory=dict_row
    ) as connection:
        report = await tap.run(connection, script)
    assert report == [
        "1..2",
        "not ok 1 - The first fails.\n# so it does",
        "ok 2 - The second holds.",
    ]


@pytest.mark.process
async def test_migrations_of_one_platform_apply_to_each(
    tmp_path: Path, postgres_binaries: Binaries
) -> None:
    """The migrations apply to an empty project in one go, and a second time change nothing."""
    async with Postgres.start(tmp_path / "pg", durable=False, binaries=postgres_binaries) as server:
        applied = await migrate.apply(server.dsn, MIGRATIONS)
        assert applied == sorted(file.name for file in MIGRATIONS.glob("*.sql"))
        assert await migrate.apply(server.dsn, MIGRATIONS) == []


async def test_seed(database: Database) -> None:
    """The seed may be planted twice."""
    seed = (SUPABASE / "seed.sql").read_bytes()
    for _ in range(2):
        await database.owner.execute(seed)
    rows = await database.query("select kind from ledger.plan_limits where plan = 'studio'")
    assert len(rows) == 2


async def test_bucket_of_the_config(database: Database) -> None:
    """The bucket of `supabase start` is the bucket of the migrations."""
    config = tomllib.loads((SUPABASE / "config.toml").read_text())
    [bucket] = await database.query("select * from storage.buckets where id = 'reference-audio'")
    local = config["storage"]["buckets"]["reference-audio"]
    assert local["allowed_mime_types"] == bucket["allowed_mime_types"]
    assert local["public"] is bucket["public"] is False
    assert local["file_size_limit"] == "50MiB"
    assert bucket["file_size_limit"] == 50 * 1024 * 1024
