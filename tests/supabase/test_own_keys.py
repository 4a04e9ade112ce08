"""Keys of users' own: what the ledger makes of them, and how they are kept."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.database import Database
from tests.supabase.ledger_calls import close, limit, open_batch, open_live, touch

SEALED = "A" * 80


async def store(database: Database, user: str, **given: Any) -> Any:
    """Store a key of a user's."""
    arguments = {
        "user_id": user,
        "provider": "mistral",
        "id": str(uuid4()),
        "ring_key": "2026a",
        "sealed": SEALED,
        "last_four": "wxyz",
    }
    return await database.call("store_own_key", **(arguments | given))


async def kept(database: Database, user: str) -> Any:
    """Return what the services are told of it."""
    return await database.call("own_key", user_id=user, provider="mistral")


async def test_no_quota_counts_an_own_key(database: Database) -> None:
    """What is transcribed with an own key costs nothing, uses up nothing and is told apart."""
    user = await database.user()
    await limit(database, user, seconds=100)
    own = await open_live(database, user, seconds=300, own_key=True)
    assert (own["granted_seconds"], own["cut_by"]) == (300, "max_duration")
    settled = await close(database, own["id"], 250)
    assert (settled["charged_seconds"], settled["cost_microdollars"]) == (250, 0)
    row = await database.usage(own["id"])
    assert (row["own_key"], row["microdollars_per_minute"]) == (True, 0)

    usage = await database.call("usage_today", user_id=user)
    assert usage["realtime"]["used_seconds"] == usage["realtime"]["reserved_seconds"] == 0
    assert usage["realtime"]["own_key_seconds"] == 250
    assert usage["batch"]["own_key_seconds"] == usage["cost_microdollars"] == 0
    shared = await open_live(database, user)
    assert (shared["granted_seconds"], shared["cut_by"]) == (100, "quota_exceeded")


async def test_an_own_key_needs_no_quota(database: Database) -> None:
    """With today's minutes and the deployment's budget used up, an own key transcribes."""
    user = await database.user()
    await limit(database, user, seconds=100)
    used = await open_live(database, user)
    await close(database, used["id"], 100)
    await database.query("update ledger.deployment set budget_microdollars = 0")
    assert (await open_live(database, user))["code"] == "quota_exceeded"
    assert "code" not in await open_live(database, user, own_key=True)
    assert "code" not in await open_batch(database, user, seconds=300, own_key=True)


async def test_an_own_key_spends_no_budget(database: Database) -> None:
    """The deployment's budget is there for those who have no key of their own."""
    user, other = await database.user(), await database.user()
    await database.query("update ledger.deployment set budget_microdollars = 6000")
    for _ in range(3):
        own = await open_live(database, user, own_key=True)
        await close(database, own["id"], 300)
    granted = await open_live(database, other)
    assert (granted["granted_seconds"], granted["cut_by"]) == (60, "budget_exceeded")


async def test_an_own_key_has_no_more_places(database: Database) -> None:
    """A user's open sessions, and the deployment's, are limited with any key."""
    user, other = await database.user(), await database.user()
    first = await open_live(database, user, own_key=True)
    for own_key in (True, False):
        refused = await open_live(database, user, own_key=own_key)
        assert (refused["code"], refused["open_sessions"]) == ("session_limit", [first["id"]])
    await database.query("update ledger.deployment set open_sessions = 1")
    assert (await open_live(database, other, own_key=True))["code"] == "capacity"
    await close(database, first["id"], 0)
    await limit(database, other, sessions=0, seconds=100)
    assert (await open_live(database, other, own_key=True))["code"] == "forbidden"


async def test_no_longer_than_anybodys(database: Database) -> None:
    """An own key is granted what was asked for: the services ask for no more than their limit."""
    user = await database.user()
    own = await open_live(database, user, seconds=300, own_key=True)
    assert own["granted_seconds"] == 300
    await database.pass_time(31)
    assert (await database.call("sweep_ledger"))["expired_leases"] == 1
    assert (await database.usage(own["id"]))["charged_seconds"] == 60


async def test_an_own_session_that_fell_silent_comes_back_whole(database: Database) -> None:
    """What a quota has left does not cut a session with an own key that is revived."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=50)
    own = await open_live(database, user, seconds=300, own_key=True)
    await touch(database, own["id"], 10)
    await database.pass_time(31)
    await database.call("sweep_ledger")
    answer = await touch(database, own["id"], 40)
    assert (answer["state"], answer["granted_seconds"]) == ("open", 300)
    row = await database.usage(own["id"])
    assert (row["cut_by"], row["cost_microdollars"]) == ("max_duration", 0)


async def test_a_key_that_came_in_the_middle(database: Database) -> None:
    """A recording may go on with another key: each part is counted by its own."""
    user = await database.user()
    await limit(database, user, seconds=100)
    shared = await open_live(database, user, seconds=90)
    await touch(database, shared["id"], 20)
    own = await open_live(database, user, seconds=300, replaces=shared["id"], own_key=True)
    assert own["granted_seconds"] == 70
    await close(database, shared["id"], 20)
    back = await open_live(database, user, seconds=300, replaces=own["id"])
    assert back["granted_seconds"] == 70
    await close(database, own["id"], 10)
    await close(database, back["id"], 30)
    usage = await database.call("usage_today", user_id=user)
    assert usage["realtime"]["used_seconds"] == 50
    assert usage["realtime"]["own_key_seconds"] == 10


async def test_an_own_session_leaves_nothing_to_a_quota(database: Database) -> None:
    """What an own key was estimated too high is not charged to the quota of what follows."""
    user = await database.user()
    await limit(database, user, seconds=100)
    await database.query("update ledger.prices set microdollars_per_minute = 0")
    own = await open_live(database, user, seconds=60, own_key=True)
    await touch(database, own["id"], 10)
    await database.pass_time(20)
    heir = await open_live(database, user, seconds=60, replaces=own["id"])
    before = (await database.usage(heir["id"]))["granted_seconds"]
    await close(database, own["id"], 12)
    assert (await database.usage(heir["id"]))["granted_seconds"] == before


async def test_anonymous_users_have_no_own_keys(database: Database) -> None:
    """The ledger refuses an own key of someone who has no account."""
    user = await database.user(anonymous=True)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        await open_live(database, user, is_anonymous=True, own_key=True)


async def test_when_a_key_was_used(database: Database) -> None:
    """Opening a transcription with an own key says so beside it."""
    user, other = await database.user(), await database.user()
    for who in (user, other):
        await store(database, who)
    assert (await kept(database, user))["used_at"] is None
    await open_live(database, user)
    assert (await kept(database, user))["used_at"] is None
    await open_batch(database, user, seconds=10, own_key=True)
    assert (await kept(database, user))["used_at"] is not None
    assert (await kept(database, other))["used_at"] is None


async def test_a_key_takes_the_place_of_another(database: Database) -> None:
    """There is one key; a new one knows nothing of the old one's refusals, nor they of it."""
    user = await database.user()
    first, second = str(uuid4()), str(uuid4())
    await store(database, user, id=first)
    await database.call("mark_own_key", own_key_id=first, works=False, tested=True)
    told = await kept(database, user)
    assert told["refused_at"] is not None
    assert told["tested_at"] is not None
    await store(database, user, id=second, last_four="1234")
    told = await kept(database, user)
    assert (told["last_four"], told["refused_at"], told["tested_at"]) == ("1234", None, None)
    assert await database.call("mark_own_key", own_key_id=first, works=False, tested=False) is None
    assert (await kept(database, user))["refused_at"] is None
    await database.call("mark_own_key", own_key_id=second, works=False, tested=False)
    told = await database.call("mark_own_key", own_key_id=second, works=True, tested=False)
    assert (told["refused_at"], told["tested_at"]) == (None, None)
    assert len(await database.query("select id from public.own_keys")) == 1


async def test_storing_twice_stores_once(database: Database) -> None:
    """A call that is made again because its answer was lost changes nothing."""
    user = await database.user()
    key_id = str(uuid4())
    first = await store(database, user, id=key_id)
    await database.call("mark_own_key", own_key_id=key_id, works=True, tested=True)
    again = await store(database, user, id=key_id)
    assert first["tested_at"] is None
    assert again["tested_at"] is not None


async def test_removing_a_key(database: Database) -> None:
    """A key that was removed is nowhere, and to remove it twice is harmless."""
    user = await database.user()
    await store(database, user)
    arguments: dict[str, Any] = {"user_id": user, "provider": "mistral"}
    assert await database.call("remove_own_key", **arguments) is True
    assert await database.call("remove_own_key", **arguments) is False
    assert await kept(database, user) is None


async def test_erasing_a_user_takes_their_key(database: Database) -> None:
    """Of a user who is erased no key is left, nor how often they tried one."""
    user, other = await database.user(), await database.user()
    for who in (user, other):
        await store(database, who)
        await database.call("claim_own_key_attempt", user_id=who)
    await database.call("erase_user", user_id=user)
    for table in ("public.own_keys", "ledger.own_key_attempts"):
        owners = await database.query(f"select user_id from {table}")  # noqa: S608 - ours
        assert [str(owner["user_id"]) for owner in owners] == [other], table


async def test_nobody_stores_a_key_for_an_account_that_is_gone(database: Database) -> None:
    """An account that was erased is told so."""
    nobody = str(uuid4())
    assert await store(database, nobody) == {"code": "unauthenticated"}
    assert await database.call("claim_own_key_attempt", user_id=nobody) == {
        "code": "unauthenticated"
    }


async def test_attempts_are_bounded(database: Database) -> None:
    """A user may store and test so often in a window, and is told when they may again."""
    user, other = await database.user(), await database.user()
    limits: dict[str, Any] = {"most_attempts": 3, "window_seconds": 600}

    async def claim(who: str = user) -> Any:
        return await database.call("claim_own_key_attempt", user_id=who, **limits)

    for _ in range(3):
        assert await claim() == {}
        await database.pass_time(100)
    assert await claim() == {"code": "rate_limited", "retry_after": 300}
    assert await claim(other) == {}
    await database.pass_time(300)
    for _ in range(3):
        assert await claim() == {}
    assert (await claim())["code"] == "rate_limited"
    racer, once = await database.user(), {**limits, "most_attempts": 1}
    first, second = await database.overlapping(
        lambda one: database.call("claim_own_key_attempt", one, user_id=racer, **once)
    )
    assert (first, second["code"]) == ({}, "rate_limited")


async def test_rotation_goes_through_all_in_batches(database: Database) -> None:
    """What another key has sealed is named in order, and only as it was is it replaced."""
    users = [await database.user() for _ in range(5)]
    for user in users:
        await store(database, user, ring_key="old")
    await store(database, await database.user(), ring_key="new")

    async def named(after: str | None) -> list[dict[str, Any]]:
        return await database.query("select * from public.own_keys_to_rotate('new', %s, 2)", after)

    seen: list[str] = []
    after: str | None = None
    while rows := await named(after):
        after = str(rows[-1]["id"])
        seen += [str(row["user_id"]) for row in rows]
    assert sorted(seen) == sorted(users)

    first, second = (await named(None))[:2]
    await store(database, str(second["user_id"]), ring_key="old", last_four="new!")
    resealed = [
        {"id": str(row["id"]), "was_ring_key": "old", "ring_key": "new", "sealed": "B" * 80}
        for row in (first, second)
    ]
    [row] = await database.query(
        "select public.reseal_own_keys(%s::jsonb) as done", psycopg.types.json.Json(resealed)
    )
    assert row["done"] == 1
    assert (await kept(database, str(first["user_id"])))["sealed"] == "B" * 80
    assert (await kept(database, str(second["user_id"])))["sealed"] == SEALED
