import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.database import Connection, Database
from tests.supabase.ledger_calls import close, limit, open_live, touch

LEASE = 390
TTL = 60


async def open_direct(
    database: Database, user: str, *, most_in_a_minute: int = 100, **given: Any
) -> Any:
    """Open a session that its client carries; a refusal of either step is returned."""
    session = await open_live(database, user, **({"lease_seconds": LEASE} | given))
    if "code" in session:
        return session
    started = await database.call(
        "start_direct_transcription",
        session_id=session["id"],
        user_id=user,
        most_in_a_minute=most_in_a_minute,
    )
    if "code" in started:
        await close(database, session["id"], 0, "failed")
        return started
    return session


async def settle(database: Database, user: str, session_id: str, audio_seconds: float) -> Any:
    """Settle as a client does."""
    return await database.call(
        "settle_direct_transcription",
        session_id=session_id,
        user_id=user,
        audio_seconds=audio_seconds,
        minimum_seconds=TTL,
    )


async def test_never_settled(database: Database) -> None:
    """A session that its client never settles is charged the whole grant when its lease ends."""
    user = await database.user()
    session = await open_direct(database, user)
    await database.pass_time(LEASE - 1)
    await database.call("sweep_ledger")
    assert (await database.usage(session["id"]))["status"] == "open"
    await database.pass_time(1)
    await database.call("sweep_ledger")
    row = await database.usage(session["id"])
    assert (row["status"], row["charged_seconds"]) == ("expired", 300)


@pytest.mark.parametrize(
    ("waited", "claimed", "charged"),
    [
        (100, 95, 100),  # an honest client
        (100, 0, 100),  # one that says less
        (100, 180, 180),  # a backlog was sent on top
        (5, 2, TTL),  # the secret lives on
        (350, 20, 300),  # no more than was granted
        (10, 999_999, 300),
    ],
)
async def test_settled(database: Database, waited: float, claimed: float, charged: float) -> None:
    """No claim lowers a charge below the time that went by, or lifts it above the grant."""
    user = await database.user()
    session = await open_direct(database, user)
    await database.pass_time(waited)
    answer = await settle(database, user, session["id"], claimed)
    assert (answer["counted"], answer["status"]) == (True, "complete")
    assert (answer["charged_seconds"], answer["returned_seconds"]) == (charged, 300 - charged)


async def test_settled_twice(database: Database) -> None:
    """A second settlement changes nothing, nor does one that comes after the lease."""
    user = await database.user()
    session = await open_direct(database, user)
    await database.pass_time(70)
    await settle(database, user, session["id"], 65)
    again = await settle(database, user, session["id"], 0)
    assert (again["counted"], again["charged_seconds"]) == (False, 70)

    late = await open_direct(database, user)
    await database.pass_time(LEASE)
    await database.call("sweep_ledger")
    answer = await settle(database, user, late["id"], 5)
    assert (answer["counted"], answer["charged_seconds"]) == (False, 300)


async def test_whose_it_is(database: Database) -> None:
    """Nobody settles another's session, nor one that a bridge carries."""
    user, other = await database.user(), await database.user()
    session = await open_direct(database, user)
    assert (await settle(database, other, session["id"], 1))["code"] == "not_found"
    assert (await settle(database, user, str(uuid4()), 1))["code"] == "not_found"
    bridged = await open_live(database, other)
    assert (await settle(database, other, bridged["id"], 1))["code"] == "not_found"
    started = await database.call(
        "start_direct_transcription", session_id=bridged["id"], user_id=user, most_in_a_minute=5
    )
    assert started["code"] == "not_found"
    assert not (await database.usage(bridged["id"]))["direct"]


async def test_replaced(database: Database) -> None:
    """A successor has the length that the clock left; the first is charged till it settles."""
    user = await database.user()
    first = await open_direct(database, user)
    await database.pass_time(40)
    second = await open_direct(database, user, replaces=first["id"])
    assert second["granted_seconds"] == 260
    row = await database.usage(first["id"])
    assert (row["status"], row["charged_seconds"]) == ("replaced", 300)
    # Its secret stays valid for a minute, also after a replacement.
    assert (await settle(database, user, first["id"], 0))["charged_seconds"] == TTL

    await database.pass_time(60)
    bridged = await open_live(database, user, replaces=second["id"])
    assert bridged["granted_seconds"] == 200
    await database.pass_time(5)
    assert (await settle(database, user, second["id"], 0))["charged_seconds"] == 65
    await touch(database, bridged["id"], 10)
    await close(database, bridged["id"], 30)
    [total] = await database.query(
        "select sum(charged_seconds) as seconds from public.transcription_usage"
    )
    assert total["seconds"] == TTL + 65 + 30


async def test_so_many_in_a_minute(database: Database) -> None:
    """Who settles at once and asks again is slowed down; another is not."""
    user, other = await database.user(), await database.user()
    await limit(database, user, seconds=86_400)
    for _ in range(3):
        session = await open_direct(database, user, most_in_a_minute=3)
        await settle(database, user, session["id"], 0)
        await database.pass_time(1)
    assert await open_direct(database, user, most_in_a_minute=3) == {
        "code": "session_limit",
        "retry_after": 57,
    }
    assert "id" in await open_direct(database, other, most_in_a_minute=3)
    await database.pass_time(57)
    assert "id" in await open_direct(database, user, most_in_a_minute=3)


async def test_so_many_of_one_address(database: Database) -> None:
    """Anonymous users of one address share what one may have in a minute."""
    for _ in range(2):
        user = await database.user(anonymous=True)
        given: dict[str, Any] = {"is_anonymous": True, "address": "192.0.2.7"}
        assert "id" in await open_direct(database, user, most_in_a_minute=2, **given)
    user = await database.user(anonymous=True)
    refused = await open_direct(database, user, most_in_a_minute=2, **given)
    assert refused["code"] == "session_limit"
    given["address"] = "192.0.2.8"
    assert "id" in await open_direct(database, user, most_in_a_minute=2, **given)


async def test_racing_starts(database: Database) -> None:
    """However many ask at once, no more than allowed start, and no second is overspent."""
    user = await database.user()
    await limit(database, user, sessions=20, seconds=1000)

    async def ask() -> Any:
        async with database.connect() as connection:
            session = await open_live(
                database, user, seconds=60, lease_seconds=LEASE, connection=connection
            )
            return await database.call(
                "start_direct_transcription",
                connection,
                session_id=session["id"],
                user_id=user,
                most_in_a_minute=5,
            )

    answers = await asyncio.gather(*(ask() for _ in range(12)))
    assert sorted(answer.get("code", "started") for answer in answers) == [
        *["session_limit"] * 7,
        *["started"] * 5,
    ]


@pytest.mark.parametrize("anonymous", [False, True])
async def test_starts_that_overlap(database: Database, anonymous: bool) -> None:
    """Of two starts of one user, or of strangers behind one address, one is the minute's last."""
    people = [await database.user(anonymous=anonymous)] * 2
    given: dict[str, Any] = {}
    if anonymous:
        people[1] = await database.user(anonymous=True)
        given = {"is_anonymous": True, "address": "192.0.2.7"}
    else:
        await limit(database, people[0], sessions=2, seconds=1000)
    opened = [await open_live(database, one, seconds=60, **given) for one in people]
    waiting = iter(zip(people, opened, strict=True))

    async def start(connection: Connection) -> Any:
        user, session = next(waiting)
        asked = {"session_id": session["id"], "user_id": user, "most_in_a_minute": 1}
        return await database.call("start_direct_transcription", connection, **asked)

    first, second = await database.overlapping(start)
    assert (first, second["code"]) == ({"id": opened[0]["id"]}, "session_limit")


async def test_the_same_call_once_more(database: Database) -> None:
    """A start whose answer was lost is made again and counts once."""
    user = await database.user()
    session = await open_direct(database, user, most_in_a_minute=1)
    again = await database.call(
        "start_direct_transcription", session_id=session["id"], user_id=user, most_in_a_minute=1
    )
    assert again == {"id": session["id"]}


@pytest.mark.parametrize(("claimed", "minimum"), [(-1, 60), (1e7, 60), (1, -1), (None, 60)])
async def test_out_of_range(database: Database, claimed: float | None, minimum: float) -> None:
    """Figures that cannot be are refused."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        await database.call(
            "settle_direct_transcription",
            session_id=str(uuid4()),
            user_id=str(uuid4()),
            audio_seconds=claimed,
            minimum_seconds=minimum,
        )
