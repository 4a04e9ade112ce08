"""How many voices a user may store."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from tests.database import Connection, Database

NO_ROOM = "UT002"
SUSPENDED = "UT001"


async def add(
    database: Database, user: str, *, size: int = 1000, connection: Connection | None = None
) -> str | None:
    """Add a voice as the services do; return the SQLSTATE of a refusal."""
    voice = str(uuid4())
    try:
        await (connection or database.service).execute(
            "insert into public.voices (id, user_id, name, language, transcript,"
            " duration_seconds, size_bytes, mime_type, storage_path)"
            " values (%s, %s, 'Mine', 'en', 'The quick brown fox.', 9, %s, 'audio/wav', %s)",
            [voice, user, size, f"{user}/voices/{voice}.wav"],
        )
    except psycopg.Error as error:
        return error.sqlstate
    return None


async def limit(database: Database, plan: str, voices: int, size: int = 10_000) -> None:
    """Set what a plan allows."""
    await database.query(
        "insert into ledger.plan_storage values (%s, %s, %s, 10, 10000)"
        " on conflict (plan) do update set voices = excluded.voices, bytes = excluded.bytes",
        *(plan, voices, size),
    )


async def test_racing_voices(database: Database) -> None:
    """Of voices that are added at once, exactly as many as the plan has room for are stored."""
    user = await database.user()
    await limit(database, "default", 5)

    async def one() -> str | None:
        async with database.connect() as connection:
            return await add(database, user, connection=connection)

    answers = await asyncio.gather(*(one() for _ in range(12)))
    assert sorted(answers, key=str) == [None] * 5 + [NO_ROOM] * 7
    assert await add(database, await database.user()) is None
    await database.query("delete from public.voices where user_id = %s", user)
    assert await add(database, user) is None
    await limit(database, "default", 2)
    both = await database.overlapping(lambda one: add(database, user, connection=one))
    assert both == (None, NO_ROOM)


async def test_bytes(database: Database) -> None:
    """A voice is refused that would make all of them larger than the plan allows."""
    user = await database.user()
    await limit(database, "default", 100, 2500)
    assert [await add(database, user, size=size) for size in (1000, 1501, 1500)] == [
        None,
        NO_ROOM,
        None,
    ]


async def test_whose_plan(database: Database) -> None:
    """Anonymous users have a plan of theirs; one that lists nothing has what `default` has."""
    stranger, member = await database.user(anonymous=True), await database.user()
    await limit(database, "anonymous", 0)
    await limit(database, "default", 1)
    await database.query("insert into ledger.plans values ('studio', 'All day')")
    await database.query("insert into ledger.user_plans values (%s, 'studio')", member)
    assert await add(database, stranger) == NO_ROOM
    assert [await add(database, member) for _ in range(2)] == [None, NO_ROOM]
    await limit(database, "studio", 2)
    assert [await add(database, member) for _ in range(2)] == [None, NO_ROOM]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [("banned_until = 'infinity'", SUSPENDED), ("deleted_at = now()", "23503")],
)
async def test_who_is_banned_or_deleted_stores_nothing(
    database: Database, change: str, refusal: str
) -> None:
    """An account that an operator has banned or deleted softly stores no voice."""
    user = await database.user()
    await database.query(f"update auth.users set {change} where id = '{user}'")  # noqa: S608
    assert await add(database, user) == refusal


async def test_moments(database: Database) -> None:
    """No two voices of a user were made at the same moment, also in one transaction."""
    user = await database.user()
    async with database.connect() as connection, connection.transaction():
        for _ in range(3):
            assert await add(database, user, connection=connection) is None
    rows = await database.query(
        "select count(distinct created_at) as moments from public.voices where user_id = %s", user
    )
    assert rows[0]["moments"] == 3
