"""Laws of migrations."""

from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from local_stack import migrate
from local_stack.errors import MigrationError
from local_stack.postgres import Postgres


@pytest_asyncio.fixture
async def dsn(postgres: Postgres) -> str:
    """A database without any migration, gone with the server."""
    async with await psycopg.AsyncConnection.connect(
        postgres.dsn_of("supabase_admin", "template1"), autocommit=True
    ) as connection:
        await connection.execute("drop database if exists empty with (force)")
        await connection.execute("create database empty owner postgres template template0")
    return postgres.dsn_of("postgres", "empty")


async def _column(dsn: str, statement: str) -> list[object]:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        found = await connection.execute(statement.encode())
        return [row[0] for row in await found.fetchall()]


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, script in files.items():
        (folder / f"{name.removeprefix('v')}.sql").write_text(script)


async def test_each_file_is_applied_once_in_the_order_of_versions(dsn: str, tmp_path: Path) -> None:
    """A second run applies only what is new, and the CLI's table tells what ran."""
    _write(tmp_path, v2_two="insert into t values (2);", v1_one="create table t (n int);")
    (tmp_path / "README.md").write_text("not a migration")
    assert await migrate.apply(dsn, tmp_path) == ["1_one.sql", "2_two.sql"]
    _write(tmp_path, v3_three="insert into t values (3); insert into t values (4);")
    assert await migrate.apply(dsn, tmp_path) == ["3_three.sql"]
    assert await migrate.apply(dsn, tmp_path) == []
    assert await _column(dsn, "select n from t order by n") == [2, 3, 4]
    history = "select version || ' ' || name from supabase_migrations.schema_migrations order by 1"
    assert await _column(dsn, history) == ["1 one", "2 two", "3 three"]


async def test_a_file_that_fails_leaves_nothing_of_itself(dsn: str, tmp_path: Path) -> None:
    """What ran before stays, the failed file is undone whole, and its line is named."""
    _write(tmp_path, v1_one="create table t (n int);")
    _write(tmp_path, v2_two="insert into t values (1);\n\ninsert into nowhere values (1);")
    with pytest.raises(MigrationError, match=r"2_two\.sql failed: .*nowhere.* \(line 3\)"):
        await migrate.apply(dsn, tmp_path)
    assert await _column(dsn, "select n from t") == []
    _write(tmp_path, v2_two="insert into t values (1);")
    assert await migrate.apply(dsn, tmp_path) == ["2_two.sql"]


async def test_a_file_that_was_changed_after_it_ran_is_refused(dsn: str, tmp_path: Path) -> None:
    """A database that no longer is what the files say does not go on silently."""
    _write(tmp_path, v1_one="create table t (n int);")
    await migrate.apply(dsn, tmp_path)
    _write(tmp_path, v1_one="create table t (n text);")
    with pytest.raises(MigrationError, match=r"1_one\.sql.*changed after it was applied"):
        await migrate.apply(dsn, tmp_path)


@pytest.mark.parametrize("names", [("one",), ("1",), ("v1_one", "v01_one", "v1_two")])
async def test_a_misnamed_file_is_refused_before_anything_runs(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """No file is passed over because of its name, and no version stands for two files."""
    _write(tmp_path, **dict.fromkeys(names, "select 1;"))
    with pytest.raises(MigrationError):
        migrate.read(tmp_path)


async def test_a_seed_runs_on_a_new_database_only(dsn: str, tmp_path: Path) -> None:
    """The seed follows the first migrations; later ones bring no second seed."""
    seed = tmp_path / "seed.sql"
    seed.write_text("insert into t values (7);")
    folder = tmp_path / "migrations"
    _write(folder, v1_one="create table t (n int);")
    await migrate.bring_up(dsn, folder, seed)
    _write(folder, v2_two="alter table t add column m int;")
    await migrate.bring_up(dsn, folder, seed)
    assert await _column(dsn, "select n from t") == [7]


async def test_no_folder_is_no_migration(dsn: str, tmp_path: Path) -> None:
    """A project without migrations starts with an empty database."""
    await migrate.bring_up(dsn, tmp_path / "none", tmp_path / "none.sql")
    history = "select count(*) from supabase_migrations.schema_migrations"
    assert await _column(dsn, history) == [0]
