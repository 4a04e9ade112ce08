"""Adding the product to a project of someone's own."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from dotenv import dotenv_values

from local_stack import binaries, migrate
from local_stack.postgres import Postgres
from tests.utter_transcribe.test_cli import run
from utter_transcribe.init import ASKED, add_to, migrations

NOW = datetime(2026, 11, 29, 10, 0, 0, tzinfo=UTC)


def test_migrations_follow_the_projects_own(tmp_path: Path) -> None:
    """They come after the newest, also one of tomorrow, in their own order, and keep their text."""
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    (folder / "20261130000000_theirs.sql").write_text("select 1;")
    (folder / "20240101000000_setup.sql").write_text("select 2;")
    (folder / "notes.txt").write_text("not SQL")
    added = add_to(tmp_path, {}, NOW)
    read = migrate.read(folder)
    assert [one.file for one in read[:2]] == [
        "20240101000000_setup.sql",
        "20261130000000_theirs.sql",
    ]
    assert {one.name.removeprefix("utter_"): one.script for one in read[2:]} == migrations()
    assert [one.name.removeprefix("utter_") for one in read[2:]] == list(migrations())
    assert len(added.written) == len(migrations()) + 1


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    """What is there stays as it is, edited or not; what a newer version brings is added behind."""
    add_to(tmp_path, {"MISTRAL_API_KEY": "k"}, NOW)
    [first, second, *_] = sorted((tmp_path / "supabase" / "migrations").iterdir())
    first.write_text("-- edited\n")
    second.unlink()
    (tmp_path / ".env").write_text("MINE=1\nexport SUPABASE_URL='http://x'\nMISTRAL_API_KEY=\n")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    added = add_to(tmp_path, {"MISTRAL_API_KEY": "other"}, NOW)
    assert {file: file.read_bytes() for file in before} == before
    assert len(added.written) == 1
    assert added.written[0] > max(str(file.relative_to(tmp_path)) for file in before)
    assert added.differing == (str(first.relative_to(tmp_path)),)
    assert len(added.present) == len(migrations()) - 2
    assert added.missing == tuple(name for name in ASKED if name != "SUPABASE_URL")
    assert "without your MISTRAL_API_KEY" in added.told()
    assert str(first.relative_to(tmp_path)) in added.told()


@pytest.mark.parametrize(
    "value",
    ["plain", "with space", "a$b", "a#b", 'a"b', "it's", r"a\'b\\", "  padded\r", "é=ü"],
)
def test_a_value_is_read_as_it_was_given(tmp_path: Path, value: str) -> None:
    """`.env` gives every setting back, without what was pasted around it, to its owner alone."""
    add_to(tmp_path, {"MISTRAL_API_KEY": value}, NOW)
    env = tmp_path / ".env"
    assert dotenv_values(env)["MISTRAL_API_KEY"] == value.strip()
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


def test_an_env_of_somebody_elses_hand_is_read_as_the_services_read_it(tmp_path: Path) -> None:
    """Quotes, comments, several lines and Windows' ends of lines are understood; bytes stay."""
    text = (
        b"MINE='two\r\nSUPABASE_URL=https://not.this\r\n'\r\n"
        b"SUPABASE_PUBLISHABLE_KEY= # later\r\n"
        b'export SUPABASE_SECRET_KEY="s"\r\nMISTRAL_API_KEY=k # mine\r\n'
    )
    (tmp_path / ".env").write_bytes(text)
    (tmp_path / ".gitignore").write_text("# .env is for tomorrow\n")
    added = add_to(tmp_path, {"MISTRAL_API_KEY": "k"}, NOW)
    assert (tmp_path / ".env").read_bytes() == text
    given = {"SUPABASE_SECRET_KEY", "MISTRAL_API_KEY"}
    assert added.missing == tuple(name for name in ASKED if name not in given)
    assert (added.unused, added.ignored) == ((), False)


@pytest.mark.process
async def test_they_apply_to_a_project_that_has_tables(
    tmp_path: Path, postgres_binaries: binaries.Binaries
) -> None:
    """On a database with migrations of its own, all of them apply, and its defaults stay."""
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    (folder / "20240101000000_setup.sql").write_text("create table public.todos (id integer);")
    add_to(tmp_path, {}, NOW)
    (folder / "20991231000000_later.sql").write_text("create table public.later (id integer);")
    async with Postgres.start(
        tmp_path / "data", durable=False, binaries=postgres_binaries
    ) as server:
        applied = await migrate.apply(server.dsn, folder)
        async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
            found = await connection.execute(
                "select has_table_privilege('anon', 'public.later', 'insert')"
            )
            assert await found.fetchone() == (True,)
    assert len(applied) == len(migrations()) + 2


@pytest.mark.process
async def test_the_command(tmp_path: Path) -> None:
    """It says what it wrote and what is left, and refuses what it does not know."""
    status, out, err = await run(tmp_path, "init", ".", "--set", "SUPABASE_URL=https://a.test")
    assert (status, err) == (0, "")
    assert "wrote .env" in out
    assert "Fill in .env: SUPABASE_PUBLISHABLE_KEY," in out
    assert "db push" in out
    assert dotenv_values(tmp_path / ".env")["SUPABASE_URL"] == "https://a.test"
    again = await run(tmp_path, "init")
    assert f"already there: {len(migrations())} migrations" in again[1]
    wrong = await run(tmp_path, "init", "--set", "SUPBASE_URL=x")
    assert (wrong[0], "SUPBASE_URL" in wrong[2]) == (1, True)
    bare = await run(tmp_path, "init", "--set", "MISTRAL_API_KEY")
    assert (bare[0], "NAME=VALUE" in bare[2]) == (1, True)
    nowhere = await run(tmp_path, "init", "not-there")
    assert (nowhere[0], "not-there is no folder" in nowhere[2]) == (1, True)
