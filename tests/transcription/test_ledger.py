import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from tests.database import NOON, Database
from tests.gateway import Gateway
from tests.waiting import until
from transcription.errors import (
    BudgetExceeded,
    Capacity,
    Forbidden,
    LedgerUnavailable,
    QuotaExceeded,
    SessionLimit,
    Unauthenticated,
)
from transcription.identity.verifier import User
from transcription.ledger.base import Grant
from transcription.ledger.heartbeat import Heartbeat
from transcription.ledger.supabase import SupabaseLedger
from transcription.rpc import connect

MODEL = "voxtral-mini-transcribe-realtime-2602"


@pytest_asyncio.fixture
async def ledger(gateway: Gateway) -> AsyncIterator[SupabaseLedger]:
    """The ledger, over PostgREST."""
    async with gateway.rpc() as rpc, SupabaseLedger(rpc) as ledger:
        yield ledger


@pytest_asyncio.fixture
async def user(database: Database) -> User:
    """A signed-in user."""
    return await account(database)


async def account(database: Database, *, anonymous: bool = False) -> User:
    """Add an account."""
    return User(await database.user(anonymous=anonymous), anonymous, None, 0.0)


async def open_live(ledger: SupabaseLedger, user: User, **given: Any) -> Grant:
    """Open a live session of up to 300 s."""
    return await ledger.open(
        user, kind="realtime", provider="mistral", model=MODEL, seconds=300.0, **given
    )


@asynccontextmanager
async def frozen(database: Database) -> AsyncIterator[None]:
    """Keep the ledger from deciding anything while the block lasts."""
    dsn = database.server.dsn_of("postgres", database.name)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("select ledger.lock_deployment(ledger.day_of(ledger.clock()))")
        yield


async def test_reserve_use_settle(database: Database, ledger: SupabaseLedger, user: User) -> None:
    """A session reserves, tells what it uses, and is settled with its cost."""
    grant = await open_live(ledger, user)
    assert (grant.granted_seconds, grant.cut_by) == (300, "max_duration")

    await database.pass_time(10)
    leases = await ledger.touch({grant.id: 9.5})
    assert (leases[grant.id].state, leases[grant.id].granted_seconds) == ("open", 300)

    settlement = await ledger.close(grant.id, audio_seconds=12.34, status="complete")
    assert settlement is not None
    assert settlement.model_dump() == {
        "counted": True,
        "charged_seconds": 12.34,
        "returned_seconds": 287.66,
        "cost_microdollars": 1234,
    }
    assert (await database.usage(grant.id))["told_seconds"] == 9.5


async def test_usage(ledger: SupabaseLedger, user: User) -> None:
    """A user is told what the day has used and holds."""
    grant = await open_live(ledger, user)
    usage = await ledger.usage(user)
    assert usage.realtime.reserved_seconds == 300
    assert [session.session_id for session in usage.open_sessions] == [grant.id]
    assert usage.open_sessions[0].opened_at == NOON


async def test_session_limit(ledger: SupabaseLedger, user: User) -> None:
    """Who is at the limit of sessions is told which are open."""
    grant = await open_live(ledger, user)
    with pytest.raises(SessionLimit) as caught:
        await open_live(ledger, user)
    assert caught.value.open_sessions == (grant.id,)
    assert caught.value.retry_after == 30


async def test_quota(database: Database, ledger: SupabaseLedger) -> None:
    """Who has used up the day's minutes is told when they return."""
    user = await account(database, anonymous=True)
    grant = await open_live(ledger, user)
    await ledger.close(grant.id, audio_seconds=300, status="complete")
    with pytest.raises(QuotaExceeded) as caught:
        await open_live(ledger, user)
    assert caught.value.retry_after == 12 * 3600


async def test_budget(database: Database, ledger: SupabaseLedger, user: User) -> None:
    """When the deployment's money is spent, so is everyone's day."""
    await database.query("update ledger.deployment set budget_microdollars = 100")
    with pytest.raises(BudgetExceeded):
        await open_live(ledger, user)


async def test_capacity(database: Database, ledger: SupabaseLedger, user: User) -> None:
    """When the deployment has no place left, another try is worth it."""
    await database.query("update ledger.deployment set open_sessions = 0")
    with pytest.raises(Capacity) as caught:
        await open_live(ledger, user)
    assert caught.value.retry_after == 5


async def test_account_gone(ledger: SupabaseLedger) -> None:
    """A token that outlived its account opens nothing."""
    with pytest.raises(Unauthenticated):
        await open_live(ledger, User(str(uuid4()), False, None, 0.0))


async def test_resume(database: Database, ledger: SupabaseLedger, user: User) -> None:
    """A resume takes the place over; another user's is refused."""
    old = await open_live(ledger, user)
    with pytest.raises(Forbidden):
        await open_live(ledger, await account(database), replaces=old.id)
    new = await open_live(ledger, user, replaces=old.id)
    leases = await ledger.touch({old.id: 1.0, new.id: 1.0})
    assert (leases[old.id].state, leases[new.id].state) == ("replaced", "open")


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("203.0.113.7", True),
        ("::ffff:203.0.113.7", True),
        ("fe80::1%eth0", True),
        ("unix:/run/socket", False),
        (None, False),
    ],
)
async def test_addresses(
    database: Database, ledger: SupabaseLedger, address: str | None, known: bool
) -> None:
    """An anonymous caller counts by address, in whatever form it comes; all without one as one."""
    grant = await open_live(ledger, await account(database, anonymous=True), address=address)
    none = await open_live(ledger, await account(database, anonymous=True), address=None)
    keys = [(await database.usage(one.id))["address_key"] for one in (grant, none)]
    assert None not in keys
    assert (keys[0] != keys[1]) is known


async def test_ledger_down_at_open(
    database: Database, gateway: Gateway, ledger: SupabaseLedger, user: User
) -> None:
    """With the ledger down nothing opens, and nothing is left to clean up."""
    await gateway.stop()
    with pytest.raises(LedgerUnavailable) as caught:
        await open_live(ledger, user)
    assert caught.value.retry_after == 5
    assert ledger.pending == 0
    with pytest.raises(LedgerUnavailable):
        await ledger.usage(user)


async def test_ledger_down_at_close(
    database: Database, gateway: Gateway, ledger: SupabaseLedger
) -> None:
    """With the ledger down settlements are kept, and all are settled when it is back."""
    grants = [await open_live(ledger, await account(database)) for _ in range(5)]
    await gateway.stop()
    for second, grant in enumerate(grants, start=1):
        assert await ledger.close(grant.id, audio_seconds=second, status="partial") is None
    assert ledger.pending == 5

    await gateway.start()
    rows = "select charged_seconds from public.transcription_usage where status = 'partial'"

    async def all_settled() -> bool:
        return len(await database.query(rows)) == 5

    await until(all_settled)
    assert sorted(row["charged_seconds"] for row in await database.query(rows)) == [1, 2, 3, 4, 5]


async def test_restart_before_the_ledger_is_back(
    database: Database, gateway: Gateway, user: User
) -> None:
    """What a restart forgets is charged by the end of the lease, and no session stays open."""
    async with gateway.rpc() as rpc, SupabaseLedger(rpc, drain_seconds=1) as ledger:
        grant = await open_live(ledger, user)
        await database.pass_time(10)
        await ledger.touch({grant.id: 10.0})
        await gateway.stop()
        assert await ledger.close(grant.id, audio_seconds=14, status="complete") is None
    await gateway.start()
    await database.pass_time(30)
    async with gateway.rpc() as rpc, SupabaseLedger(rpc) as restarted:
        usage = await restarted.usage(user)
        assert usage.open_sessions == ()
        assert usage.realtime.used_seconds == 10 + 2 * 30


async def test_end_of_the_process(database: Database, gateway: Gateway, user: User) -> None:
    """A process that ends settles what it still has."""
    async with gateway.rpc() as rpc, SupabaseLedger(rpc) as ledger:
        grant = await open_live(ledger, user)
        await gateway.stop()
        await ledger.close(grant.id, audio_seconds=14, status="complete")
        await gateway.start()
    assert (await database.usage(grant.id))["charged_seconds"] == 14


async def test_cancelled_close(database: Database, ledger: SupabaseLedger, user: User) -> None:
    """A settlement whose caller was cancelled is settled all the same."""
    grant = await open_live(ledger, user)
    closing = asyncio.create_task(ledger.close(grant.id, audio_seconds=5, status="complete"))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    async def settled() -> bool:
        return bool((await database.usage(grant.id))["status"] == "complete")

    await until(settled)


async def test_open_without_an_answer(database: Database, gateway: Gateway, user: User) -> None:
    """An open that was not answered in time, whether it arrives or not, holds no place for long."""
    async with (
        gateway.rpc(timeout_seconds=0.5) as rpc,
        SupabaseLedger(rpc, answer_seconds=1.0) as ledger,
    ):
        async with frozen(database):
            with pytest.raises(LedgerUnavailable):
                await open_live(ledger, user)
            assert ledger.pending == 1

        await until(lambda: ledger.pending == 0)
    rows = await database.query("select status, charged_seconds from public.transcription_usage")
    assert all((row["status"], row["charged_seconds"]) == ("failed", 0) for row in rows)
    async with gateway.rpc() as rpc, SupabaseLedger(rpc) as ledger:
        assert (await open_live(ledger, user)).granted_seconds == 300


async def test_cancelled_open(database: Database, gateway: Gateway, user: User) -> None:
    """An open whose caller was cancelled holds no place for long."""
    async with gateway.rpc() as rpc, SupabaseLedger(rpc, answer_seconds=0.5) as ledger:
        async with frozen(database):
            opening = asyncio.create_task(open_live(ledger, user))
            await asyncio.sleep(0.2)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening

        await until(lambda: ledger.pending == 0)
        assert (await open_live(ledger, user)).granted_seconds == 300


async def test_outage_ends_no_session(
    database: Database, gateway: Gateway, ledger: SupabaseLedger, user: User
) -> None:
    """A ledger that is away for longer than a lease ends no running session."""
    heartbeat = Heartbeat(ledger)
    grant = await open_live(ledger, user)
    news: list[object] = []
    credited: list[float] = []
    with heartbeat.watching(
        grant,
        audio_seconds=lambda: 200.0,
        on_lost=news.append,
        on_grant=news.append,
        on_credit=credited.append,
    ):
        await gateway.stop()
        await heartbeat.beat()
        await database.pass_time(300)
        await database.call("sweep_ledger")
        assert (await database.usage(grant.id))["status"] == "expired"
        await gateway.start()
        await heartbeat.beat()
    row = await database.usage(grant.id)
    assert (row["status"], row["told_seconds"], news) == ("open", 200, [])
    assert credited == [260]


async def test_racing_replicas(database: Database, gateway: Gateway, user: User) -> None:
    """Of 50 opens at once from two replicas against a limit of 10, exactly 10 are let in."""
    await database.query(
        "insert into ledger.user_limits (user_id, kind, sessions, seconds)"
        " values (%s, 'realtime', 10, 100000)",
        user.id,
    )

    async def attempt(ledger: SupabaseLedger) -> bool:
        try:
            await open_live(ledger, user)
        except SessionLimit:
            return False
        return True

    async with (
        gateway.rpc(timeout_seconds=60) as first,
        gateway.rpc(timeout_seconds=60) as second,
        SupabaseLedger(first) as one,
        SupabaseLedger(second) as two,
    ):
        admitted = await asyncio.gather(*(attempt(ledger) for ledger in [one, two] * 25))
    assert sum(admitted) == 10


async def test_wrong_key(gateway: Gateway, user: User) -> None:
    """A key that may not call the ledger is an outage to callers, and no answer of theirs."""
    async with (
        connect(gateway.url, SecretStr(gateway.publishable_key)) as rpc,
        SupabaseLedger(rpc) as ledger,
    ):
        with pytest.raises(LedgerUnavailable):
            await open_live(ledger, user)


async def test_settling_nothing_known(ledger: SupabaseLedger) -> None:
    """A settlement of no session is logged and let go."""
    assert await ledger.close(str(uuid4()), audio_seconds=1, status="complete") is None
    assert ledger.pending == 0


async def test_other_version_of_the_database(
    database: Database, ledger: SupabaseLedger, user: User
) -> None:
    """An answer that is not understood refuses new work and opens nothing blindly."""
    await database.query(
        "create or replace function public.usage_today(user_id uuid, is_anonymous boolean"
        " default false) returns jsonb language sql as $$ select '{}'::jsonb $$"
    )
    with pytest.raises(LedgerUnavailable):
        await ledger.usage(user)
    await database.query("drop function public.usage_today")
    with pytest.raises(LedgerUnavailable):
        await ledger.usage(user)
