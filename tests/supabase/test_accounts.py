import asyncio
from datetime import datetime

import pytest

from shared_schema.account import Usage
from tests.database import NOON, Database
from tests.supabase.ledger_calls import claim, close, limit, open_batch, open_live, touch
from tests.supabase.test_own_keys import store
from tests.waiting import until


async def add_voice(database: Database, user: str, *, status: str = "ready") -> tuple[str, str]:
    """Store a voice and its object; returns the id and the object's name."""
    [row] = await database.query("select gen_random_uuid() as id, ledger.clock() as now")
    voice, path = str(row["id"]), f"{user}/voices/{row['id']}.wav"
    await database.query(
        "insert into public.voices (id, user_id, status, name, language, transcript,"
        " duration_seconds, mime_type, storage_path, created_at)"
        " values (%s, %s, %s, 'Mine', 'en', 'The quick brown fox.', 9, 'audio/wav', %s, %s)",
        voice,
        user,
        status,
        path,
        row["now"],
    )
    await add_object(database, path)
    return voice, path


async def add_object(database: Database, name: str) -> None:
    """Store an object, as of the ledger's clock."""
    await database.query(
        "insert into storage.objects (id, bucket_id, name, created_at)"
        " values (gen_random_uuid(), 'reference-audio', %s, ledger.clock())",
        name,
    )


async def test_usage_today(database: Database) -> None:
    """A user is told what the day has used and holds, by kind, what may be used, and until when."""
    user = await database.user()
    await limit(database, user, sessions=2, seconds=1800)
    settled = await open_live(database, user)
    await close(database, settled["id"], 90)
    held = await open_live(database, user, seconds=200)
    call = await open_batch(database, user, seconds=60)
    await close(database, call["id"], 60)
    await open_live(database, await database.user())

    usage = Usage.model_validate(await database.call("usage_today", user_id=user))

    assert usage.realtime.model_dump() == {
        "used_seconds": 90,
        "reserved_seconds": 200,
        "limit_seconds": 1800,
        "cost_microdollars": 9000,
        "own_key_seconds": 0,
    }
    assert usage.batch.model_dump() == {
        "used_seconds": 60,
        "reserved_seconds": 0,
        "limit_seconds": 3600,
        "cost_microdollars": 3000,
        "own_key_seconds": 0,
    }
    assert usage.cost_microdollars == 12000
    assert [(s.session_id, s.kind, s.opened_at) for s in usage.open_sessions] == [
        (held["id"], "realtime", NOON)
    ]
    assert usage.max_open_sessions == 2
    assert usage.resets_at == datetime.fromisoformat("2026-03-11T00:00:00+00:00")


async def test_usage_of_an_anonymous_user(database: Database) -> None:
    """An anonymous user is told the limits of anonymous users."""
    user = await database.user(anonymous=True)
    usage = await database.call("usage_today", user_id=user, is_anonymous=True)
    assert (usage["realtime"]["limit_seconds"], usage["batch"]["limit_seconds"]) == (300, 600)


async def test_revoked_sessions(database: Database) -> None:
    """What an operator ends is charged all that its bridge may hand over, until it settles."""
    user = await database.user()
    session = await open_live(database, user)
    await database.pass_time(10)
    assert await database.call("revoke_transcriptions", user_id=user) == 1
    assert await database.call("revoke_transcriptions", user_id=user) == 0
    assert (await touch(database, session["id"], 11))["state"] == "revoked"
    row = await database.usage(session["id"])
    assert (row["status"], row["charged_seconds"]) == ("revoked", 60)
    assert (await close(database, session["id"], 11))["charged_seconds"] == 11


async def test_erased_user(database: Database) -> None:
    """Erasing a user leaves the usage without its owner, and nothing else of theirs."""
    user, other = await database.user(), await database.user()
    for who in (user, other):
        session = await open_live(database, who)
        await close(database, session["id"], 30)
        await add_voice(database, who)
        await add_object(database, f"{who}/takes/one.wav")
        await limit(database, who, seconds=100)
        await claim(database, who)
    [row] = await database.query("select storage_path from public.voices where user_id = %s", user)

    answer = await database.call("erase_user", user_id=user)

    assert answer == {
        "voices": 1,
        "usage_rows": 1,
        "revoked_sessions": 0,
        "objects": sorted([f"{user}/takes/one.wav", row["storage_path"]]),
    }
    for table in (
        "public.voices",
        "public.transcription_usage",
        "ledger.user_limits",
        "ledger.idempotency_keys",
    ):
        owners = await database.query(f"select user_id from {table} where user_id is not null")  # noqa: S608
        assert [str(owner["user_id"]) for owner in owners] == [other], table
    [total] = await database.query(
        "select sum(cost_microdollars) as cost from public.transcription_usage"
    )
    assert total["cost"] == 6000


async def test_erased_user_with_an_open_session(database: Database) -> None:
    """Erasing a user ends what they have open."""
    user = await database.user()
    session = await open_live(database, user)
    assert (await database.call("erase_user", user_id=user))["revoked_sessions"] == 1
    assert (await touch(database, session["id"], 1))["state"] == "revoked"


async def test_erased_user_who_opens_meanwhile(database: Database) -> None:
    """An erasure waits for the session that its user is being let in to, and ends that one too."""
    user = await database.user()
    async with database.connect() as opener, database.connect() as eraser:
        async with opener.transaction():
            await open_live(database, user, connection=opener)
            erasing = asyncio.create_task(database.call("erase_user", eraser, user_id=user))

            async def has_come() -> bool:
                waiting = await database.query("select from pg_locks where not granted")
                return bool(waiting) or erasing.done()

            await until(has_come)
        assert (await erasing)["revoked_sessions"] == 1
    [row] = await database.query("select user_id, status from public.transcription_usage")
    assert row == {"user_id": None, "status": "revoked"}


async def test_voices_whose_recording_never_came(database: Database) -> None:
    """A voice that stays pending is named to the sweeper after a quarter of an hour."""
    user = await database.user()
    await add_voice(database, user)
    pending, path = await add_voice(database, user, status="pending")
    await database.pass_time(900)
    assert await database.query("select id from public.sweepable_voices()") == []
    await database.pass_time(1)
    rows = await database.query("select * from public.sweepable_voices()")
    assert [(str(row["id"]), row["storage_path"]) for row in rows] == [(pending, path)]


async def test_takes_that_were_not_used(database: Database) -> None:
    """A take is named to the sweeper after a day, a recording without a voice after an hour."""
    user = await database.user()
    voice, kept = await add_voice(database, user)
    _, orphan = await add_voice(database, user)
    take = f"{user}/takes/one.wav"
    await add_object(database, take)
    await database.query("delete from public.voices where id <> %s", voice)

    async def named() -> list[str]:
        names, after = [], ""
        while after is not None:
            answer = await database.call("sweepable_objects", after=after, most=1)
            names += answer["names"]
            after = answer["next"]
        assert names == (await database.call("sweepable_objects"))["names"]
        return names

    await database.pass_time(3600)
    assert await named() == []
    await database.pass_time(1)
    assert await named() == [orphan]
    await database.pass_time(23 * 3600)
    assert sorted(await named()) == sorted([orphan, take])
    assert kept not in await named()


async def test_sweeping_the_ledger(database: Database) -> None:
    """The sweeper expires dead leases, and forgets keys after a day and addresses after theirs."""
    user = await database.user(anonymous=True)
    session = await open_live(database, user, is_anonymous=True, address="203.0.113.7")
    await claim(database, user)
    nothing = {
        "expired_leases": 0,
        "forgotten_keys": 0,
        "forgotten_addresses": 0,
        "deleted_rows": 0,
        "wrong_totals": 0,
    }
    assert await database.call("sweep_ledger") == nothing
    await database.pass_time(30)
    assert await database.call("sweep_ledger") == nothing | {"expired_leases": 1}
    await database.pass_time(12 * 3600)
    assert await database.call("sweep_ledger") == nothing | {"forgotten_addresses": 1}
    assert (await database.usage(session["id"]))["address_key"] is None
    await database.pass_time(12 * 3600)
    assert await database.call("sweep_ledger") == nothing | {"forgotten_keys": 1}
    assert await database.query("select key from ledger.idempotency_keys") == []


async def test_an_erased_account_that_comes_back_has_used_its_day(database: Database) -> None:
    """A person who erases an account and makes another under the same address has what was left."""
    users = [await database.user(), await database.user()]
    for user in users:
        await database.query("update auth.users set email = 'Ada@example.com' where id = %s", user)
        await limit(database, user, seconds=100)
        session = await open_live(database, user)
        if user == users[0]:
            await close(database, session["id"], 70)
            await database.call("erase_user", user_id=user)
            await database.query("delete from auth.users where id = %s", user)
    assert session["granted_seconds"] == 30
    await close(database, session["id"], 0)
    usage = await database.call("usage_today", user_id=users[1])
    assert usage["realtime"]["used_seconds"] == 70
    await database.pass_time(12 * 3600)
    assert (await open_live(database, users[1]))["granted_seconds"] == 100


async def _tables_with(database: Database, *words: str) -> set[str]:
    """Return the tables of the whole database that hold one of these words, in any column."""
    tables = await database.query(
        "select format('%%I.%%I', schemaname, tablename) as name from pg_catalog.pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    )
    found = set()
    for name in (row["name"] for row in tables):
        [row] = await database.query(f"select string_agg(t::text, ' ') as told from {name} as t")  # noqa: S608
        if any(word in (row["told"] or "") for word in words):
            found.add(name)
    return found


async def test_what_erasing_keeps_names_nobody(database: Database) -> None:
    """An erasure leaves hashes for the day, none of which holds the id, and then nothing."""
    user = await database.user()
    # No digits of a hash spell this name.
    await database.query("update auth.users set email = 'zoe@example.com' where id = %s", user)
    session = await open_live(database, user)
    await close(database, session["id"], 70)
    await add_voice(database, user)
    await limit(database, user, seconds=100)
    await claim(database, user)
    await database.call("claim_own_key_attempt", user_id=user)
    await store(database, user)
    await database.query("insert into ledger.user_plans values (%s, 'default')", user)
    await database.call("erase_user", user_id=user)
    # What is left is removed through the interfaces of storage and Auth.
    assert await _tables_with(database, user, "zoe") == {"auth.users", "storage.objects"}
    await database.query("delete from auth.users where id = %s", user)
    assert await _tables_with(database, user, "zoe") == {"storage.objects"}
    await database.pass_time(12 * 3600)
    await database.call("sweep_ledger")
    assert (await database.usage(session["id"]))["payer"] is None
    for table in ("ledger.identities", "ledger.user_days"):
        assert await database.query(f"select * from {table}") == []  # noqa: S608


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("banned_until = 'infinity'", {"code": "forbidden", "reason": "suspended"}),
        ("deleted_at = now()", {"code": "unauthenticated"}),
    ],
)
async def test_who_is_banned_or_deleted_opens_nothing(
    database: Database, change: str, refusal: dict[str, str]
) -> None:
    """An account that an operator has banned or deleted softly reserves nothing, until forgiven."""
    user = await database.user()
    await database.query(f"update auth.users set {change} where id = '{user}'")  # noqa: S608
    assert await open_live(database, user) == refusal
    assert await open_batch(database, user, seconds=10) == refusal
    assert await claim(database, user) == refusal
    assert await database.call("claim_own_key_attempt", user_id=user) == refusal
    assert await store(database, user) == refusal
    await database.query(
        "update auth.users set banned_until = ledger.clock(), deleted_at = null where id = %s", user
    )
    assert "id" in await open_live(database, user)


async def test_a_sweep_waits_for_nobody(database: Database) -> None:
    """What someone has in hand is swept by a later call, and keeps none of the rest."""
    users = [await database.user() for _ in range(3)]
    for user in users:
        await claim(database, user)
        await close(database, (await open_live(database, user))["id"], 5)
    await database.pass_time(401 * 86_400)
    async with database.owner.transaction():
        for table in ("ledger.idempotency_keys", "public.transcription_usage"):
            await database.query(
                f"select from {table} where user_id = %s for update",
                users[1],
            )
        swept = await database.call("sweep_ledger")
        assert (swept["forgotten_keys"], swept["deleted_rows"]) == (2, 2)
    swept = await database.call("sweep_ledger")
    assert (swept["forgotten_keys"], swept["deleted_rows"]) == (1, 1)


async def test_who_is_banned_is_ended_at_the_next_heartbeat(database: Database) -> None:
    """A session of someone who is banned meanwhile is revoked, and settles with the truth."""
    user = await database.user()
    session = await open_live(database, user)
    await database.query("update auth.users set banned_until = 'infinity' where id = %s", user)
    assert (await touch(database, session["id"], 5))["state"] == "revoked"
    assert (await close(database, session["id"], 6))["charged_seconds"] == 6


async def test_old_usage_is_deleted(database: Database) -> None:
    """Usage that is older than the deployment keeps it goes with a sweep; what is younger stays."""
    user = await database.user()
    old = await open_live(database, user)
    await close(database, old["id"], 5)
    await database.pass_time(300 * 86_400)
    young = await open_live(database, user)
    await close(database, young["id"], 5)
    await database.pass_time(101 * 86_400)
    assert (await database.call("sweep_ledger"))["deleted_rows"] == 1
    [row] = await database.query("select id::text from public.transcription_usage")
    assert row["id"] == young["id"]


async def test_totals_that_somebody_changed(database: Database) -> None:
    """A total that was changed by hand is found by the sweep of the next day."""
    user = await database.user()
    await close(database, (await open_live(database, user))["id"], 5)
    await database.query("update ledger.user_days set seconds = seconds + 1")
    await database.pass_time(12 * 3600)
    assert (await database.call("sweep_ledger"))["wrong_totals"] == 1
    await database.query("update ledger.user_days set seconds = seconds - 1")
