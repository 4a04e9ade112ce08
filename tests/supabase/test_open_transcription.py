import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.database import Database
from tests.supabase.ledger_calls import LIVE_MODEL, close, limit, open_batch, open_live, touch
from transcription.providers.mistral.models import MICRODOLLARS_PER_MINUTE

UNTIL_MIDNIGHT = 12 * 3600


async def race(database: Database, users: list[str], **given: Any) -> list[dict[str, Any]]:
    """Open one live session for each of `users` at once, every one on its own connection."""
    gate = asyncio.Event()
    ready = asyncio.Semaphore(0)

    async def one(user: str) -> dict[str, Any]:
        async with database.connect() as connection:
            ready.release()
            await gate.wait()
            answer: dict[str, Any] = await open_live(database, user, connection=connection, **given)
            return answer

    async with asyncio.TaskGroup() as tasks:
        racers = [tasks.create_task(one(user)) for user in users]
        for _ in users:
            await ready.acquire()
        gate.set()
    return [racer.result() for racer in racers]


async def test_racing_opens(database: Database) -> None:
    """Of 50 opens at once against a limit of 10 sessions, exactly 10 are let in."""
    user = await database.user()
    await limit(database, user, sessions=10, seconds=100_000)

    answers = await race(database, [user] * 50)

    assert sum("id" in answer for answer in answers) == 10
    assert {answer.get("code") for answer in answers if "id" not in answer} == {"session_limit"}
    [row] = await database.query(
        "select count(*) as n from public.transcription_usage where status = 'open'"
    )
    assert row["n"] == 10


async def test_racing_users_and_the_deployment(database: Database) -> None:
    """Of 30 users at once against a deployment of 7 places, exactly 7 are let in."""
    users = [await database.user() for _ in range(30)]
    await database.query("update ledger.deployment set open_sessions = 7")

    answers = await race(database, users)

    assert sum("id" in answer for answer in answers) == 7
    assert {answer.get("code") for answer in answers if "id" not in answer} == {"capacity"}


async def test_racing_users_and_the_budget(database: Database) -> None:
    """Users who race reserve no more money together than the day's budget holds."""
    users = [await database.user() for _ in range(20)]
    await database.query("update ledger.deployment set budget_microdollars = 100000")

    answers = await race(database, users, seconds=300)

    granted = sum(answer.get("granted_seconds", 0) for answer in answers)
    assert granted == 1000.0  # 100,000 micro-dollars at 6,000 a minute
    assert sum("id" in answer for answer in answers) == 4


async def test_two_share_the_last_part_of_the_budget(database: Database) -> None:
    """Of two users who race for the last part of the day's money, one gets it."""
    users = [await database.user() for _ in range(18)]
    await database.query("update ledger.deployment set budget_microdollars = 17 * 30000")
    # The first of them deals the rest of the money in sixteen equal parts.
    for user in users[:16]:
        assert (await open_live(database, user))["granted_seconds"] == 300
    last = iter(users[16:])
    first, second = await database.overlapping(
        lambda one: open_live(database, next(last), connection=one)
    )
    assert (first["granted_seconds"], second["code"]) == (300, "capacity")


async def test_two_share_the_last_minute(database: Database) -> None:
    """A user with 60 s left who asks twice at once gets 60 s in all."""
    user = await database.user()
    await limit(database, user, sessions=2, seconds=60)

    answers = await race(database, [user, user])

    assert sorted(answer.get("granted_seconds", 0) for answer in answers) == [0, 60]
    [refused] = [answer for answer in answers if "code" in answer]
    assert refused["code"] == "session_limit"  # the seconds may come back: they are only reserved


async def test_grant_is_what_was_asked(database: Database) -> None:
    """With enough left, the grant is what was asked for and its end is the session's own."""
    user = await database.user()
    answer = await open_live(database, user, seconds=300)
    assert answer["granted_seconds"] == 300
    assert answer["cut_by"] == "max_duration"
    assert answer["lease_seconds"] == 30


async def test_grant_is_cut_by_the_quota(database: Database) -> None:
    """With less left than was asked for, the grant is what is left, and says so."""
    user = await database.user()
    await limit(database, user, seconds=100)
    answer = await open_live(database, user)
    assert (answer["granted_seconds"], answer["cut_by"]) == (100, "quota_exceeded")


async def test_grant_is_cut_by_the_budget(database: Database) -> None:
    """With less money left than was asked for, the grant is what it buys, and says so."""
    await database.query("update ledger.deployment set budget_microdollars = 1000")
    answer = await open_live(database, await database.user())
    assert (answer["granted_seconds"], answer["cut_by"]) == (10, "budget_exceeded")


async def test_same_call_again(database: Database) -> None:
    """An open whose answer was lost is asked again and answered alike, reserving nothing more."""
    user = await database.user()
    session_id = str(uuid4())
    first = await open_live(database, user, session_id=session_id)
    again = await open_live(database, user, session_id=session_id)
    assert again == first
    assert len(await database.query("select id from public.transcription_usage")) == 1


async def test_id_of_another(database: Database) -> None:
    """Nobody opens a session under an id that is taken."""
    session_id = (await open_live(database, await database.user()))["id"]
    answer = await open_live(database, await database.user(), session_id=session_id)
    assert answer == {"code": "forbidden"}


async def test_session_limit_tells_what_is_open(database: Database) -> None:
    """A user at the limit is told which of their own sessions are open, and when one may end."""
    user = await database.user()
    await open_live(database, await database.user())
    mine = await open_live(database, user)
    await database.pass_time(10)
    assert await open_live(database, user) == {
        "code": "session_limit",
        "retry_after": 20,
        "open_sessions": [mine["id"]],
    }


async def test_kinds_are_apart(database: Database) -> None:
    """A live session keeps no batch call out: each kind has limits of its own."""
    user = await database.user()
    await open_live(database, user)
    assert "id" in await open_batch(database, user, seconds=60)


async def test_quota_used_up(database: Database) -> None:
    """Minutes that are used up are refused until midnight UTC."""
    user = await database.user()
    await limit(database, user, seconds=62)
    session = await open_live(database, user)
    await close(database, session["id"], 60)
    assert await open_live(database, user) == {
        "code": "quota_exceeded",
        "retry_after": UNTIL_MIDNIGHT,
    }


async def test_a_file_is_all_or_nothing(database: Database) -> None:
    """A file longer than what is left is refused, where a live session would be cut."""
    user = await database.user()
    await limit(database, user, kind="batch", seconds=100)
    assert (await open_batch(database, user, seconds=101))["code"] == "quota_exceeded"
    assert (await open_batch(database, user, seconds=100))["granted_seconds"] == 100


async def test_finer_than_a_millisecond(database: Database) -> None:
    """Seconds count to the millisecond; what is finer neither refuses nor reserves."""
    call = await open_batch(database, await database.user(), seconds=5.00049)
    assert call["granted_seconds"] == 5


async def test_budget_used_up(database: Database) -> None:
    """When the deployment's money of the day is spent, every user is refused until midnight."""
    await database.query("update ledger.deployment set budget_microdollars = 30000")
    session = await open_live(database, await database.user())
    await close(database, session["id"], 299)
    assert await open_live(database, await database.user()) == {
        "code": "budget_exceeded",
        "retry_after": UNTIL_MIDNIGHT,
    }


async def test_budget_reserved(database: Database) -> None:
    """Money that is only reserved may come back, so that refusal invites another try."""
    await database.query("update ledger.deployment set budget_microdollars = 30000")
    await open_live(database, await database.user())
    assert (await open_live(database, await database.user()))["code"] == "capacity"


async def test_free_provider_needs_no_budget(database: Database) -> None:
    """A provider of one's own costs nothing, so no budget keeps it from working."""
    await database.query("update ledger.deployment set budget_microdollars = 0")
    answer = await open_live(database, await database.user(), provider="vllm", model="voxtral")
    assert answer["granted_seconds"] == 300


async def test_anonymous_user(database: Database) -> None:
    """An anonymous user has five live minutes a day, and is then refused."""
    user = await database.user(anonymous=True)
    for left, used in ((300, 200), (100, 100)):
        session = await open_live(database, user, is_anonymous=True)
        assert session["granted_seconds"] == left
        await close(database, session["id"], used)
    assert (await open_live(database, user, is_anonymous=True))["code"] == "quota_exceeded"


async def test_anonymous_users_of_one_address(database: Database) -> None:
    """Fresh anonymous accounts do not help: those behind one address share fifteen minutes."""
    for _ in range(3):
        user = await database.user(anonymous=True)
        session = await open_live(database, user, is_anonymous=True, address="203.0.113.7")
        await close(database, session["id"], 300)
    user = await database.user(anonymous=True)
    refused = await open_live(database, user, is_anonymous=True, address="203.0.113.7")
    assert refused["code"] == "quota_exceeded"
    elsewhere = await open_live(database, user, is_anonymous=True, address="203.0.113.8")
    assert elsewhere["granted_seconds"] == 300


@pytest.mark.parametrize("shared", ["sessions = 1", "seconds = 300"])
async def test_racing_strangers_of_one_address(database: Database, shared: str) -> None:
    """Anonymous users who race behind one address have its places and its seconds once."""
    await database.query(f"update ledger.plan_limits set {shared} where plan = 'anonymous_address'")  # noqa: S608
    strangers = iter([await database.user(anonymous=True) for _ in range(2)])
    given: dict[str, Any] = {"is_anonymous": True, "address": "203.0.113.7"}
    first, second = await database.overlapping(
        lambda one: open_live(database, next(strangers), connection=one, **given)
    )
    assert (first["granted_seconds"], second["code"]) == (300, "session_limit")


async def test_anonymous_sessions_of_one_address(database: Database) -> None:
    """At most three anonymous users talk at once behind one address; a /64 of IPv6 is one."""
    for host in (1, 2, 3):
        user = await database.user(anonymous=True)
        answer = await open_live(database, user, is_anonymous=True, address=f"2001:db8:0:1::{host}")
        assert "id" in answer
    user = await database.user(anonymous=True)
    refused = await open_live(database, user, is_anonymous=True, address="2001:db8:0:1::4")
    assert refused == {"code": "session_limit", "retry_after": 30, "open_sessions": []}
    other_net = await open_live(database, user, is_anonymous=True, address="2001:db8:0:2::4")
    assert "id" in other_net


async def test_no_address_is_one_address(database: Database) -> None:
    """Anonymous users of whom no address is known share the limits of one."""
    for number in range(4):
        user = await database.user(anonymous=True)
        answer = await open_live(database, user, is_anonymous=True, address=None)
        assert ("id" in answer) is (number < 3)
    other = await open_live(database, user, is_anonymous=True, address="203.0.113.7")
    assert "id" in other


async def test_addresses_are_not_kept(database: Database) -> None:
    """An address is kept as a salted hash, and a signed-in user's not at all."""
    stranger, known = await database.user(anonymous=True), await database.user()
    first = await open_live(database, stranger, is_anonymous=True, address="203.0.113.7")
    second = await open_live(database, known, address="203.0.113.7")
    key = (await database.usage(first["id"]))["address_key"]
    assert len(key) == 32
    assert b"203.0.113.7" not in key
    assert (await database.usage(second["id"]))["address_key"] is None


async def test_plans(database: Database) -> None:
    """A user's plan decides, a limit of their own goes before it, and nothing means the default."""
    user = await database.user()
    await database.query("insert into ledger.plans values ('studio', 'All day')")
    await database.query("insert into ledger.plan_limits values ('studio', 'realtime', 2, 200)")
    assert (await open_live(database, user))["granted_seconds"] == 300
    await database.query("insert into ledger.user_plans values (%s, 'studio')", user)
    assert (await open_live(database, user, minimum_seconds=0))["code"] == "session_limit"
    await database.query(
        "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'realtime', 450)", user
    )
    second = await open_live(database, user)
    assert (second["granted_seconds"], second["cut_by"]) == (150, "quota_exceeded")
    assert (await open_live(database, user))["code"] == "session_limit"


async def test_kind_outside_the_plan(database: Database) -> None:
    """A kind that the plan does not include is forbidden, whatever the minutes."""
    user = await database.user()
    await limit(database, user, sessions=0, seconds=1000)
    assert await open_live(database, user) == {"code": "forbidden"}


async def test_account_gone(database: Database) -> None:
    """A token may outlive its account; nothing is reserved for nobody."""
    assert await open_live(database, str(uuid4())) == {"code": "unauthenticated"}


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("mistral", LIVE_MODEL, 6000),
        ("mistral", "a-model-of-tomorrow", 8000),
        ("a-provider-of-tomorrow", "any", 8000),
        ("vllm", "any", 0),
    ],
)
async def test_price(database: Database, provider: str, model: str, price: int) -> None:
    """The price stands in the row from the start; what is not listed is as dear as the dearest."""
    session = await open_live(database, await database.user(), provider=provider, model=model)
    await database.query("update ledger.prices set microdollars_per_minute = 1")
    await close(database, session["id"], 90)
    row = await database.usage(session["id"])
    assert row["microdollars_per_minute"] == price
    assert row["cost_microdollars"] == price * 90 / 60


async def test_known_prices(database: Database) -> None:
    """The ledger charges the list price that a model's capabilities tell, of every known model."""
    rows = await database.query(
        "select model, microdollars_per_minute as price from ledger.prices"
        " where provider = 'mistral' and model <> '*'"
    )
    assert {row["model"]: row["price"] for row in rows} == MICRODOLLARS_PER_MINUTE


async def test_midnight(database: Database) -> None:
    """A day's use belongs to the day of its opening (UTC): at midnight the minutes are back."""
    user = await database.user()
    await limit(database, user, sessions=2, seconds=200)
    await database.set_clock(datetime(2026, 3, 10, 23, 59, 50, tzinfo=UTC))
    late = await open_live(database, user, seconds=200)
    assert (await open_live(database, user))["code"] == "session_limit"

    await database.pass_time(10)
    await touch(database, late["id"], 10)
    early = await open_live(database, user, seconds=200)
    assert early["granted_seconds"] == 200
    assert (await open_live(database, user))["code"] == "session_limit"  # two places, both taken

    await close(database, late["id"], 150)
    assert (await database.usage(late["id"]))["opened_on"].isoformat() == "2026-03-10"
    usage = await database.call("usage_today", user_id=user)
    assert usage["realtime"]["used_seconds"] == 0
    assert usage["realtime"]["reserved_seconds"] == 200


async def test_day_of_the_servers_zone(database: Database) -> None:
    """The day is UTC's whatever time zone the connection has."""
    user = await database.user()
    await database.set_clock(datetime(2026, 3, 10, 23, 30, tzinfo=UTC))
    await database.service.execute("set timezone to 'Asia/Tokyo'")
    session = await open_live(database, user)
    assert (await database.usage(session["id"]))["opened_on"].isoformat() == "2026-03-10"


@pytest.mark.parametrize(
    "wrong",
    [
        {"requested_seconds": 0},
        {"requested_seconds": "NaN"},
        {"requested_seconds": "Infinity"},
        {"requested_seconds": None},
        {"minimum_seconds": 301},
        {"kind": "video"},
        {"lease_seconds": 0},
    ],
)
async def test_nonsense(database: Database, wrong: dict[str, Any]) -> None:
    """A call that makes no sense is an error and leaves no row."""
    user = await database.user()
    with pytest.raises((psycopg.errors.InvalidParameterValue, psycopg.errors.CheckViolation)):
        await open_live(database, user, **wrong)
    assert await database.query("select id from public.transcription_usage") == []
