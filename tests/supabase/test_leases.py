import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.database import NOON, Database
from tests.supabase.ledger_calls import close, limit, open_batch, open_live, touch

LEASE = 30


async def test_killed_bridge(database: Database) -> None:
    """A bridge that is killed gives its seconds back within the lease."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=300)
    dead = await open_live(database, user)
    await database.pass_time(8)
    await touch(database, dead["id"], 8)

    await database.pass_time(LEASE - 1)
    assert (await open_live(database, user))["code"] == "session_limit"
    await database.pass_time(1)
    heir = await open_live(database, user)

    # told 8 s, then silent for the 30 s of the lease at no more than twice real time
    assert (await database.usage(dead["id"]))["charged_seconds"] == 8 + 2 * LEASE
    assert heir["granted_seconds"] == 300 - 68


async def test_the_heir_of_a_killed_bridge_finishes_the_recording(database: Database) -> None:
    """With six minutes left, five minutes are recorded though a bridge is killed in the middle."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=360)
    dead = await open_live(database, user)
    for told in range(10, 151, 10):
        await database.pass_time(10)
        await touch(database, dead["id"], told)
    await database.pass_time(5)
    heir = await open_live(database, user, replaces=dead["id"])
    heard, again = 155, 4  # a client sends 4 s again
    assert heir["granted_seconds"] >= 300 - heard + again
    assert heir["cut_by"] == "max_duration"


async def test_silence_is_counted_to_the_end_of_the_lease(database: Database) -> None:
    """A crash is charged alike whether it is found at once or hours later."""
    user = await database.user()
    dead = await open_live(database, user)
    await database.pass_time(3600)
    await database.call("usage_today", user_id=user)
    row = await database.usage(dead["id"])
    assert (row["status"], row["charged_seconds"]) == ("expired", 2 * LEASE)
    assert row["closed_at"] == row["expires_at"]


async def test_estimate_is_capped_at_the_grant(database: Database) -> None:
    """However long the silence, nobody is charged more than was granted."""
    user = await database.user()
    session = await open_live(database, user, seconds=50)
    await touch(database, session["id"], 40)
    await database.pass_time(LEASE)
    await database.call("sweep_ledger")
    assert (await database.usage(session["id"]))["charged_seconds"] == 50


async def test_crash_while_a_backlog_is_resent(database: Database) -> None:
    """Who crashes while a backlog is resent is charged what the bridge might have handed over."""
    user = await database.user()
    lost = await open_live(database, user)
    resumed = await open_live(database, user, replaces=lost["id"])
    await touch(database, resumed["id"], 0)  # a beat before the backlog has begun
    await database.pass_time(10)
    await touch(database, resumed["id"], 36)
    await database.pass_time(LEASE)
    await database.call("sweep_ledger")
    assert (await database.usage(resumed["id"]))["charged_seconds"] == 36 + 2 * LEASE


async def test_crash_after_the_backlog(database: Database) -> None:
    """A resumed session that has caught up is charged as any other."""
    user = await database.user()
    lost = await open_live(database, user)
    resumed = await open_live(database, user, replaces=lost["id"])
    await database.pass_time(10)
    await touch(database, resumed["id"], 38)
    await database.pass_time(10)
    await touch(database, resumed["id"], 48)
    await database.pass_time(LEASE)
    await database.call("sweep_ledger")
    assert (await database.usage(resumed["id"]))["charged_seconds"] == 48 + 2 * LEASE


async def test_flood_before_a_replacement(database: Database) -> None:
    """A session that is replaced is charged all that its bridge may hand over, then the truth."""
    user = await database.user()
    flooded = await open_live(database, user)
    await database.pass_time(10)
    await touch(database, flooded["id"], 20)
    await database.pass_time(9)
    heir = await open_live(database, user, replaces=flooded["id"])
    row = await database.usage(flooded["id"])
    assert (row["status"], row["charged_seconds"]) == ("replaced", 20 + 2 * LEASE)
    assert heir["granted_seconds"] == 300 - 20

    truth = await close(database, flooded["id"], 37.5, "partial")
    assert (truth["counted"], truth["charged_seconds"]) == (True, 37.5)
    again = await close(database, flooded["id"], 1, "partial")
    assert (again["counted"], again["charged_seconds"]) == (False, 37.5)
    assert (await database.usage(flooded["id"]))["cost_microdollars"] == 3750


async def test_late_true_close_of_a_crash(database: Database) -> None:
    """A late close of the true owner corrects an expired lease once."""
    user = await database.user()
    session = await open_live(database, user)
    await database.pass_time(5)
    await touch(database, session["id"], 5)
    await database.pass_time(LEASE)
    await database.call("sweep_ledger")
    assert (await database.usage(session["id"]))["charged_seconds"] == 65
    assert (await close(database, session["id"], 12))["charged_seconds"] == 12
    assert (await close(database, session["id"], 300))["charged_seconds"] == 12
    row = await database.usage(session["id"])
    assert (row["status"], row["cost_microdollars"]) == ("complete", 1200)


async def test_outage_longer_than_a_lease(database: Database) -> None:
    """A ledger that was away for longer than a lease ends no session, even one it had expired."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=1000)
    session = await open_live(database, user)
    await database.pass_time(5 * LEASE)
    await database.call("sweep_ledger")
    assert (await database.usage(session["id"]))["status"] == "expired"

    answer = await touch(database, session["id"], 150)
    assert answer == {
        "id": session["id"],
        "state": "open",
        "granted_seconds": 300,
        "credit_seconds": 150 + 2 * LEASE,
    }
    row = await database.usage(session["id"])
    assert (row["status"], row["charged_seconds"], row["closed_at"]) == ("open", 300, None)
    assert (await open_live(database, user))["code"] == "session_limit"
    assert (await close(database, session["id"], 200))["charged_seconds"] == 200


async def test_outage_that_nobody_noticed(database: Database) -> None:
    """A lease that ran out unseen is simply prolonged."""
    session = await open_live(database, await database.user())
    await database.pass_time(5 * LEASE)
    assert (await touch(database, session["id"], 150))["state"] == "open"


async def test_revival_overspends_nothing(database: Database) -> None:
    """What others reserved during an outage stays theirs: a revived grant may be shorter."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=400)
    first = await open_live(database, user)
    await database.pass_time(10)
    await touch(database, first["id"], 10)
    await database.pass_time(LEASE)
    second = await open_live(database, user)
    assert second["granted_seconds"] == 300  # 400 less the 70 that the first may have used

    answer = await touch(database, first["id"], 40)
    assert answer == {
        "id": first["id"],
        "state": "open",
        "granted_seconds": 100,
        "credit_seconds": 100,
    }
    assert (await database.usage(first["id"]))["cut_by"] == "quota_exceeded"


async def test_revival_keeps_what_has_flowed(database: Database) -> None:
    """A revived grant is never shorter than the audio that was already used."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=400)
    first = await open_live(database, user)
    await database.pass_time(LEASE)
    await open_live(database, user)
    assert (await touch(database, first["id"], 120))["granted_seconds"] == 120


async def test_revival_within_the_budget(database: Database) -> None:
    """A revived grant is also cut by the money that is left."""
    await database.query("update ledger.deployment set budget_microdollars = 40000")
    first = await open_live(database, await database.user())
    await database.pass_time(LEASE)
    await open_live(database, await database.user())  # 300 s for 30,000
    assert (await touch(database, first["id"], 20))["granted_seconds"] == 100
    assert (await database.usage(first["id"]))["cut_by"] == "budget_exceeded"


async def test_replaced_session_is_not_revived(database: Database) -> None:
    """A session whose place another took hears so at its next heartbeat, and stays replaced."""
    user = await database.user()
    old = await open_live(database, user)
    await database.pass_time(LEASE)
    await database.call("sweep_ledger")
    await open_live(database, user, replaces=old["id"])
    assert (await touch(database, old["id"], 60))["state"] == "replaced"
    assert (await database.usage(old["id"]))["status"] == "replaced"


async def test_one_heartbeat_for_all(database: Database) -> None:
    """One call touches every session and answers for each, in the order of the question."""
    users = [await database.user() for _ in range(3)]
    sessions = [(await open_live(database, user))["id"] for user in users]
    await close(database, sessions[1], 1)
    await database.call("revoke_transcriptions", user_id=users[2])
    stranger = str(uuid4())
    await database.pass_time(10)
    answers = await database.call(
        "touch_transcriptions",
        session_ids=[*sessions, stranger],
        audio_seconds=[10, 10, 10, 10],
    )
    assert [(answer["id"], answer["state"]) for answer in answers] == [
        (sessions[0], "open"),
        (sessions[1], "closed"),
        (sessions[2], "revoked"),
        (stranger, "unknown"),
    ]
    row = await database.usage(sessions[0])
    assert (row["told_seconds"], (row["expires_at"] - row["touched_at"]).seconds) == (10, LEASE)


async def test_told_seconds_never_fall(database: Database) -> None:
    """A heartbeat that arrives late takes back nothing of what a later one told."""
    session = await open_live(database, await database.user())
    await touch(database, session["id"], 20)
    await touch(database, session["id"], 10)
    assert (await database.usage(session["id"]))["told_seconds"] == 20


async def test_deleted_account(database: Database) -> None:
    """A session whose account is deleted ends at the next heartbeat; its row stays, nameless."""
    user = await database.user()
    session = await open_live(database, user)
    await database.query("delete from auth.users where id = %s", user)
    assert (await touch(database, session["id"], 7))["state"] == "revoked"
    row = await database.usage(session["id"])
    assert (row["user_id"], row["charged_seconds"]) == (None, 7 + 2 * LEASE)
    assert (await close(database, session["id"], 7))["charged_seconds"] == 7


async def test_batch_outlives_a_live_lease(database: Database) -> None:
    """A batch call longer than a live lease keeps its reservation for its whole deadline."""
    user = await database.user()
    await limit(database, user, kind="batch", sessions=1, seconds=1000)
    call = await open_batch(database, user, seconds=200, lease_seconds=120)
    await database.pass_time(119)
    assert (await open_batch(database, user, seconds=10))["code"] == "session_limit"
    assert (await close(database, call["id"], 200))["charged_seconds"] == 200


async def test_batch_crash(database: Database) -> None:
    """A batch call that crashed is charged its whole file: it was handed over as a whole."""
    user = await database.user()
    call = await open_batch(database, user, seconds=200, lease_seconds=60)
    await database.pass_time(60)
    await database.call("sweep_ledger")
    row = await database.usage(call["id"])
    assert (row["status"], row["charged_seconds"]) == ("expired", 200)


async def test_settle_twice(database: Database) -> None:
    """Settling twice counts once, and the second answer is the first one's."""
    session = await open_live(database, await database.user())
    first = await close(database, session["id"], 30)
    assert first == {
        "id": session["id"],
        "counted": True,
        "status": "complete",
        "charged_seconds": 30,
        "returned_seconds": 270,
        "cost_microdollars": 3000,
    }
    assert await close(database, session["id"], 60, "failed") == first | {"counted": False}


async def test_racing_settlements(database: Database) -> None:
    """Of settlements that race, one counts."""
    session = await open_live(database, await database.user())

    async def one(seconds: int) -> bool:
        async with database.connect() as connection:
            answer = await database.call(
                "close_transcription",
                connection,
                session_id=session["id"],
                audio_seconds=seconds,
                status="complete",
            )
            return bool(answer["counted"])

    counted = await asyncio.gather(*(one(seconds) for seconds in range(1, 11)))
    assert sum(counted) == 1


async def test_settle_more_than_reserved(database: Database) -> None:
    """More than was reserved is recorded as it was, and charged up to the grant."""
    session = await open_live(database, await database.user(), seconds=100)
    answer = await close(database, session["id"], 130)
    assert (answer["charged_seconds"], answer["returned_seconds"]) == (100, 0)
    assert (await database.usage(session["id"]))["audio_seconds"] == 130


async def test_settle_nothing(database: Database) -> None:
    """A session that used nothing costs nothing and gives everything back."""
    user = await database.user()
    session = await open_live(database, user)
    answer = await close(database, session["id"], 0, "failed")
    assert (answer["charged_seconds"], answer["cost_microdollars"]) == (0, 0)
    assert (await open_live(database, user))["granted_seconds"] == 300


async def test_settle_the_unknown(database: Database) -> None:
    """A settlement of no session is told so."""
    assert await close(database, str(uuid4()), 1) == {"code": "not_found"}


async def test_cost_is_rounded_up(database: Database) -> None:
    """A fraction of a micro-dollar counts as a whole one."""
    session = await open_live(database, await database.user())
    assert (await close(database, session["id"], 0.001))["cost_microdollars"] == 1


async def test_resume_inherits(database: Database) -> None:
    """A resumed session inherits what is left of the grant, in the place of the old one."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=300)
    old = await open_live(database, user)
    await close(database, old["id"], 100, "partial")
    new = await open_live(database, user, replaces=old["id"])
    assert new["granted_seconds"] == 200
    assert (await database.usage(old["id"]))["status"] == "partial"


async def test_what_an_estimate_took_goes_to_the_heir(database: Database) -> None:
    """A late close gives the unused seconds to the successor, however often the place moved."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=300)
    first = await open_live(database, user)
    await database.pass_time(9)
    second = await open_live(database, user, replaces=first["id"])
    await database.pass_time(9)
    third = await open_live(database, user, replaces=second["id"])
    assert third["granted_seconds"] == 300 - 2 * 2 * LEASE

    await close(database, first["id"], 9, "partial")
    assert (await touch(database, third["id"], 0))["granted_seconds"] == 300 - 9 - 2 * LEASE
    await close(database, second["id"], 8.5, "partial")
    assert (await touch(database, third["id"], 0))["granted_seconds"] == 300 - 9 - 8.5
    await close(database, second["id"], 1, "partial")
    [today] = await database.query(
        "select sum(charged_seconds) as seconds from public.transcription_usage where user_id = %s",
        user,
    )
    assert today["seconds"] == 300


async def test_a_late_close_gives_nothing_across_days_or_prices(database: Database) -> None:
    """Seconds of another day, or of a cheaper model, do not lengthen the session that goes on."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=200)
    await database.set_clock(NOON.replace(hour=23, minute=59, second=55))
    first = await open_live(database, user)
    await database.pass_time(9)
    second = await open_live(database, user, replaces=first["id"])
    await close(database, first["id"], 9, "partial")
    assert (await touch(database, second["id"], 0))["granted_seconds"] == 200
    await database.pass_time(9)
    dear = await open_live(database, user, replaces=second["id"], model="of another price")
    before = dear["granted_seconds"]
    await close(database, second["id"], 9, "partial")
    assert (await touch(database, dear["id"], 0))["granted_seconds"] == before


async def test_a_late_close_finds_no_heir(database: Database) -> None:
    """Where the session that went on is settled too, a late close gives back to the user alone."""
    user = await database.user()
    first = await open_live(database, user)
    await database.pass_time(9)
    second = await open_live(database, user, replaces=first["id"])
    await close(database, second["id"], 5)
    settled = await close(database, first["id"], 9, "partial")
    assert (settled["charged_seconds"], settled["returned_seconds"]) == (9, 291)
    row = await database.usage(second["id"])
    assert (row["granted_seconds"], row["charged_seconds"]) == (300, 5)


async def test_resume_keeps_the_reason(database: Database) -> None:
    """A grant that the quota cut is inherited as one that the quota cut."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=120)
    old = await open_live(database, user)
    await close(database, old["id"], 20, "partial")
    new = await open_live(database, user, replaces=old["id"])
    assert (new["granted_seconds"], new["cut_by"]) == (100, "quota_exceeded")


async def test_resume_at_the_end_of_a_grant(database: Database) -> None:
    """Who resumes with less than three seconds left is topped up to three, out of the quota."""
    user = await database.user()
    old = await open_live(database, user)
    await close(database, old["id"], 299, "partial")
    assert (await open_live(database, user, replaces=old["id"]))["granted_seconds"] == 3


async def test_resume_of_another_users_session(database: Database) -> None:
    """Another user's session is not resumed, nor disturbed, nor told apart from no session."""
    victim, thief = await database.user(), await database.user()
    session = await open_live(database, victim)
    assert await open_live(database, thief, replaces=session["id"]) == {"code": "forbidden"}
    assert await open_live(database, thief, replaces=str(uuid4())) == {"code": "forbidden"}
    assert (await touch(database, session["id"], 1))["state"] == "open"


async def test_resume_of_a_batch_call(database: Database) -> None:
    """A live session resumes live sessions alone."""
    user = await database.user()
    call = await open_batch(database, user, seconds=10)
    assert await open_live(database, user, replaces=call["id"]) == {"code": "forbidden"}


async def test_resume_twice(database: Database) -> None:
    """A client that never heard of its new session resumes the old one again, and is let in."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=300)
    first = await open_live(database, user)
    unheard = await open_live(database, user, replaces=first["id"])
    third = await open_live(database, user, replaces=first["id"])
    assert "id" in third
    assert (await touch(database, unheard["id"], 0))["state"] == "replaced"
    row = await database.usage(third["id"])
    assert str(row["replaces"]) == unheard["id"]


async def test_racing_resumes(database: Database) -> None:
    """Resumes that race form one line, which leaves two at most behind that have not settled."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=10_000)
    first = await open_live(database, user)

    async def resume() -> Any:
        async with database.connect() as connection:
            return await open_live(database, user, connection=connection, replaces=first["id"])

    answers = await asyncio.gather(*(resume() for _ in range(10)))
    rows = await database.query("select status from public.transcription_usage")
    assert sorted(row["status"] for row in rows) == ["open"] + ["replaced"] * 2
    refused = [answer for answer in answers if "code" in answer]
    assert refused == [{"code": "session_limit", "retry_after": LEASE, "open_sessions": []}] * 8


async def test_refused_resume_ends_nothing(database: Database) -> None:
    """A resume that is refused leaves the old session as it was."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=300)
    old = await open_live(database, user)
    await database.query("update ledger.deployment set budget_microdollars = 0")
    assert (await open_live(database, user, replaces=old["id"]))["code"] == "budget_exceeded"
    assert (await touch(database, old["id"], 5))["state"] == "open"


async def test_resumes_never_overspend(database: Database) -> None:
    """However often a session is resumed, the line uses no more than the day allows."""
    user = await database.user()
    await limit(database, user, sessions=1, seconds=100)
    session = await open_live(database, user)
    for _ in range(4):
        await database.pass_time(10)
        await touch(database, session["id"], 10)
        answer = await open_live(database, user, replaces=session["id"])
        session = answer if "id" in answer else session
    [row] = await database.query("select sum(charged_seconds) as n from public.transcription_usage")
    assert row["n"] == 100


@pytest.mark.parametrize(
    ("ids", "seconds"), [(1, []), (1, [-1]), (1, ["NaN"]), (1, [None]), (0, [1])]
)
async def test_nonsense_heartbeat(database: Database, ids: int, seconds: list[object]) -> None:
    """A heartbeat without a sound figure for every session is an error."""
    session_ids = [str(uuid4()) for _ in range(ids)]
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        async with database.connect() as connection:
            await connection.execute(
                "select touch_transcriptions(%s::uuid[], %s::numeric[])", [session_ids, seconds]
            )


async def test_empty_heartbeat(database: Database) -> None:
    """A bridge without sessions may beat."""
    async with database.connect() as connection:
        found = await connection.execute("select touch_transcriptions('{}', '{}') as answer")
        assert await found.fetchone() == {"answer": []}


@pytest.mark.parametrize(
    ("seconds", "status"), [(-1, "complete"), ("NaN", "complete"), (1, "open")]
)
async def test_nonsense_settlement(database: Database, seconds: object, status: str) -> None:
    """A settlement that makes no sense is an error and settles nothing."""
    session = await open_live(database, await database.user())
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        await database.call(
            "close_transcription", session_id=session["id"], audio_seconds=seconds, status=status
        )
    assert (await database.usage(session["id"]))["status"] == "open"
