"""What is beside the ledger, in a crowd: keys of requests, own keys, voices, erasures, sweeps."""

import asyncio
import json
import random
from contextlib import suppress
from uuid import UUID, uuid4

import psycopg

from tests.database import Connection, Database
from tests.supabase.ledger_calls import claim, open_live

WORKERS = 10
STEPS = 120
RESEAL = "select public.reseal_own_keys(%s::jsonb)"


async def test_nobody_waits_for_each_other(database: Database) -> None:
    """No calls beside the ledger deadlock or fail, by any user and in any number."""
    users = [await database.user() for _ in range(4)]
    await database.query("update ledger.deployment set keep_usage_days = 2")
    claims: list[dict[str, str]] = []
    keys: list[str] = []

    async def hold(connection: Connection, dice: random.Random) -> None:
        one = {"user_id": dice.choice(users), "key": str(dice.randrange(6)), "claim": str(uuid4())}
        given = {name: one[name] for name in ("key", "claim")}
        answer = await claim(database, one["user_id"], connection=connection, **given)
        assert answer.get("state") or answer == {"code": "unauthenticated"}
        claims.append(one)

    async def answer(connection: Connection, dice: random.Random) -> None:
        if claims:
            one = claims.pop()
            if dice.random() < 0.3:
                await database.call("release_idempotency_key", connection, **one)
            else:
                await database.call(
                    "answer_idempotency_key", connection, **one, status=200, answer={"text": ""}
                )

    async def store(connection: Connection, dice: random.Random) -> None:
        user, own_key = dice.choice(users), str(uuid4())
        await database.call("claim_own_key_attempt", connection, user_id=user, most_attempts=1000)
        await database.call(
            "store_own_key",
            connection,
            user_id=user,
            provider="mistral",
            id=own_key,
            ring_key=dice.choice("ab"),
            sealed="A" * 80,
            last_four="wxyz",
        )
        keys.append(own_key)

    async def mark(connection: Connection, dice: random.Random) -> None:
        if keys:
            marked = {"own_key_id": dice.choice(keys[-4:]), "works": True, "tested": True}
            await database.call("mark_own_key", connection, **marked)

    async def rotate(connection: Connection, dice: random.Random) -> None:
        ring_key = dice.choice("ab")
        found = await connection.execute("select * from public.own_keys_to_rotate(%s)", [ring_key])
        resealed = [
            {
                "id": str(row["id"]),
                "was_ring_key": row["ring_key"],
                "ring_key": ring_key,
                "sealed": "B" * 80,
            }
            for row in await found.fetchall()
        ]
        dice.shuffle(resealed)
        await connection.execute(RESEAL, [json.dumps(resealed)])

    async def transcribe(connection: Connection, dice: random.Random) -> None:
        who = dice.choice(users)
        await open_live(database, who, connection=connection, own_key=dice.random() < 0.5)

    async def add(connection: Connection, dice: random.Random) -> None:
        user, voice = dice.choice(users), str(uuid4())
        # The services take it for an account that is gone.
        with suppress(psycopg.errors.ForeignKeyViolation):
            await connection.execute(
                "insert into public.voices (id, user_id, name, language, transcript,"
                " duration_seconds, mime_type, storage_path)"
                " values (%s, %s, 'Mine', 'en', 'The quick brown fox.', 9, 'audio/wav', %s)",
                [voice, user, f"{user}/voices/{voice}.wav"],
            )

    async def drop(connection: Connection, dice: random.Random) -> None:
        await connection.execute(
            "delete from public.voices where id = (select id from public.voices limit 1)"
        )

    async def erase(connection: Connection, dice: random.Random) -> None:
        who = dice.randrange(len(users))
        await database.call("erase_user", connection, user_id=UUID(users[who]))
        async with await psycopg.AsyncConnection.connect(
            database.server.dsn_of("postgres", database.name), autocommit=True
        ) as owner:
            await owner.execute("delete from auth.users where id = %s", [users[who]])
        users[who] = await database.user()

    async def sweep(connection: Connection, dice: random.Random) -> None:
        await database.call("sweep_ledger", connection)

    async def wait(connection: Connection, dice: random.Random) -> None:
        await database.pass_time(dice.choice([3, 31, 40_000]))

    acts = [*[hold, answer, store, mark, rotate, transcribe, add] * 4, drop, erase, sweep, sweep]

    async def one(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311
        async with database.connect() as connection:
            for step in range(STEPS):
                await (dice.choice(acts) if step % 10 else wait)(connection, dice)

    async with asyncio.TaskGroup() as tasks:
        for seed in range(WORKERS):
            tasks.create_task(one(seed))
