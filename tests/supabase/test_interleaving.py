import asyncio
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

from tests.database import Connection, Database
from tests.supabase.ledger_calls import close, limit, open_live

USERS = 3
BRIDGES = 6
STEPS = 60
DAY_SECONDS = 2000
BUDGET = 450_000


async def test_interleaving(database: Database) -> None:
    """However opens, heartbeats, settlements and crashes interleave, nothing is overspent."""
    users = [await database.user() for _ in range(USERS)]
    for user in users:
        await limit(database, user, sessions=3, seconds=DAY_SECONDS)
    await database.query("update ledger.deployment set budget_microdollars = %s", BUDGET)

    async with asyncio.TaskGroup() as tasks:
        for seed in range(BRIDGES):
            tasks.create_task(bridge(database, users, random.Random(seed)))  # noqa: S311

    for user in users:
        [row] = await database.query(
            "select sum(charged_seconds) as seconds from public.transcription_usage"
            " where user_id = %s",
            user,
        )
        assert 0 < row["seconds"] <= DAY_SECONDS
    [total] = await database.query(
        "select sum(cost_microdollars) as cost, count(*) as n from public.transcription_usage"
    )
    assert total["cost"] <= BUDGET
    assert total["n"] > USERS


async def bridge(database: Database, users: list[str], dice: random.Random) -> None:
    """Live the life of a bridge: what it says it used is what the rates allow."""
    granted: dict[str, int] = {}
    told: dict[str, int] = {}

    async def start(connection: Connection) -> None:
        answer = await open_live(
            database,
            dice.choice(users),
            seconds=dice.choice([20, 60, 300]),
            connection=connection,
            replaces=dice.choice([None, *told]),
        )
        if "id" in answer:
            granted[answer["id"]], told[answer["id"]] = int(answer["granted_seconds"]), 0

    async def beat(connection: Connection) -> None:
        told.update({one: min(seconds + 5, granted[one]) for one, seconds in told.items()})
        answers = await database.call(
            "touch_transcriptions",
            connection,
            session_ids=[UUID(session) for session in told],
            audio_seconds=list(told.values()),
        )
        for lease in answers:
            granted[lease["id"]] = int(lease["granted_seconds"])
            if lease["state"] != "open":
                del told[lease["id"]]

    async def finish(connection: Connection) -> None:
        if told:
            session = dice.choice(list(told))
            await close(database, session, told.pop(session), connection=connection)

    async def crash(_: Connection) -> None:
        if told:
            del told[dice.choice(list(told))]

    async def wait(_: Connection) -> None:
        await database.query(
            "update ledger.stopped_clock set moment = moment + %s * interval '1 s'",
            dice.choice([3, 8, 31]),
        )

    acts: list[Callable[[Connection], Awaitable[None]]] = [start, start, beat, beat, finish, crash]
    async with database.connect() as connection:
        for step in range(STEPS):
            await (dice.choice(acts) if step % 10 else wait)(connection)
