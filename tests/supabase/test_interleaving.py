import asyncio
import random
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import psycopg

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


async def test_nobody_waits_for_each_other(database: Database) -> None:
    """No calls of the ledger deadlock, of any kind and by any users at once."""
    emails = [["ada@example.com"], ["ada@example.com", "bob@example.com"], ["bob@example.com"], []]

    async def sign_up(emails: list[str]) -> str:
        user = await database.user(anonymous=not emails)
        for email in emails:
            await database.query(
                "insert into auth.identities (user_id, provider, provider_id, identity_data)"
                " values (%s, 'email', gen_random_uuid()::text,"
                " jsonb_build_object('email', %s::text))",
                user,
                email,
            )
        return user

    users = [await sign_up(emails[who % len(emails)]) for who in range(2 * len(emails))]
    await database.query("update ledger.plan_limits set sessions = 4, seconds = 4000")
    await database.query("update ledger.deployment set budget_microdollars = 450000")
    sessions: list[str] = []
    told = 0

    async def start(connection: Connection, dice: random.Random) -> None:
        who = dice.randrange(len(users))
        answer = await open_live(
            database,
            users[who],
            seconds=dice.choice([20, 300]),
            connection=connection,
            is_anonymous=not emails[who % len(emails)],
            address=dice.choice(["203.0.113.1", "203.0.113.2"]),
            replaces=dice.choice([None, *sessions[-12:]]),
        )
        if "id" in answer:
            sessions.append(answer["id"])

    async def beat(connection: Connection, dice: random.Random) -> None:
        nonlocal told
        told += 1
        beaten = dice.sample(sessions[-30:], min(20, len(sessions)))
        await database.call(
            "touch_transcriptions",
            connection,
            session_ids=[UUID(session) for session in beaten],
            audio_seconds=[min(told, 20)] * len(beaten),
        )

    async def finish(connection: Connection, dice: random.Random) -> None:
        if sessions:
            await close(database, dice.choice(sessions[-30:]), 5, connection=connection)

    async def carry(connection: Connection, dice: random.Random) -> None:
        if sessions:
            await database.call(
                "start_direct_transcription",
                connection,
                session_id=UUID(sessions[-1]),
                user_id=UUID(dice.choice(users)),
                most_in_a_minute=3,
            )

    async def revoke(connection: Connection, dice: random.Random) -> None:
        await database.call("revoke_transcriptions", connection, user_id=UUID(dice.choice(users)))

    async def erase(connection: Connection, dice: random.Random) -> None:
        who = dice.randrange(len(users))
        await database.call("erase_user", connection, user_id=UUID(users[who]))
        await database.query("update auth.users set deleted_at = now() where id = %s", users[who])
        users[who] = await sign_up(emails[who % len(emails)])

    async def sweep(connection: Connection, dice: random.Random) -> None:
        await database.call("sweep_ledger", connection)

    async def wait(connection: Connection, dice: random.Random) -> None:
        await database.pass_time(dice.choice([3, 31, 20_000]))

    acts = [*[start, beat, finish] * 4, carry, revoke, erase, sweep, wait]

    async def one(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311
        async with database.connect() as connection:
            for _ in range(5 * STEPS):
                await dice.choice(acts)(connection, dice)

    async with asyncio.TaskGroup() as tasks:
        for seed in range(2 * BRIDGES):
            tasks.create_task(one(seed))
    assert len(sessions) > BRIDGES
    await database.recount()


async def test_an_account_that_is_deleted_meanwhile_opens_nothing(database: Database) -> None:
    """An open while the account is being deleted is refused, and no total changes."""
    user = await database.user()
    await limit(database, user, sessions=2, seconds=600)
    held = await open_live(database, user)
    async with database.connect() as opener:
        async with database.owner.transaction():
            await database.query("select id from auth.users where id = %s for update", user)
            opening = asyncio.create_task(open_live(database, user, connection=opener))
            waiting = 0
            while not waiting and not opening.done():
                await asyncio.sleep(0.01)
                [row] = await database.query("select count(*) as n from pg_locks where not granted")
                waiting = row["n"]
            await database.query("delete from auth.users where id = %s", user)
        assert await opening == {"code": "unauthenticated"}
    await close(database, held["id"], 0)
    [totals] = await database.query(
        "select coalesce(sum(microdollars), 0) as cost, coalesce(sum(open_sessions), 0) as n"
        " from ledger.deployment_days"
    )
    assert totals == {"cost": 0, "n": 0}


async def test_a_role_that_may_not_update_accounts_can_use_them(database: Database) -> None:
    """Where the owner of the functions has no such right, sessions open and accounts are erased."""
    admin = database.server.dsn_of("supabase_admin", database.name)
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
        await connection.execute("revoke all on auth.users from postgres")
        await connection.execute("grant select, references on auth.users to postgres")
    user = str(uuid4())
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
        await connection.execute("insert into auth.users (id) values (%s)", (user,))
    assert "id" in await open_live(database, user)
    erased = await database.call("erase_user", user_id=UUID(user))
    assert erased["revoked_sessions"] == 1
