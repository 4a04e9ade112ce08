"""What the ledger says to files: its refusals, and its absence."""

from pathlib import Path

import httpx
import pytest

from local_stack.postgres import Postgres
from tests.doubles.functions_away import functions_away
from tests.edge_functions.world import PATH, World, problem, running
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("statement", "status", "code", "retryable"),
    [
        (
            "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'batch', 3)",
            429,
            "quota_exceeded",
            False,
        ),
        (
            "insert into ledger.user_limits (user_id, kind, sessions) values (%s, 'batch', 0)",
            403,
            "forbidden",
            False,
        ),
    ],
)
async def test_a_users_limits(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    statement: str,
    status: int,
    code: str,
    retryable: bool,
) -> None:
    """What a user may not is refused before the provider hears of it."""
    await world.stack.execute(statement, ada.id)
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code, told.retryable) == (status, code, retryable)
    assert world.provider.requests == []
    await world.is_clean(ada)


async def test_the_deployments_limits(postgres: Postgres, tmp_path: Path, speech: bytes) -> None:
    """The budget of the day and the places of the deployment hold for everybody."""
    async with running(postgres, tmp_path) as world:
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            for limit, code, retryable in (
                ("open_sessions = 0", "capacity", True),
                ("open_sessions = 100, budget_microdollars = 100", "budget_exceeded", False),
            ):
                await world.stack.execute(f"update ledger.deployment set {limit}")  # noqa: S608
                told = problem(await client.post(PATH, files={"audio": speech}))
                assert (told.status, told.code, told.retryable) == (503, code, retryable)
                assert told.retry_after is not None
        assert world.provider.requests == []
        await world.is_clean(person)


async def test_a_users_open_work(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """No more files at once than the plan has places."""
    await world.stack.execute(
        "insert into ledger.user_limits (user_id, kind, sessions) values (%s, 'batch', 1)", ada.id
    )
    await world.stack.execute(
        "select public.open_transcription(gen_random_uuid(), %s, 'batch', 'mistral', 'any', 4)",
        ada.id,
    )
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code, told.retryable) == (429, "session_limit", True)
    assert told.retry_after is not None


async def test_new_work_is_refused_while_the_ledger_is_away(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Nothing is sent to the provider that could not be reserved, or remembered."""
    for function, key, code in (
        ("open_transcription", {}, "ledger_unavailable"),
        ("claim_", {"Idempotency-Key": "away"}, "backend_unavailable"),
    ):
        with functions_away(function):
            told = problem(await http.post(PATH, files={"audio": speech}, headers=key))
        assert (told.status, told.code, told.retryable) == (503, code, True)
    assert world.provider.requests == []
    await world.is_clean(ada)


async def test_work_that_is_done_is_answered_and_settled_later(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A ledger that is away at the end keeps nobody from their text, and gets its due."""
    with functions_away("close_transcription", "answer_idempotency_key") as away:
        headers = {"Idempotency-Key": "later"}
        response = await http.post(PATH, files={"audio": speech}, headers=headers)
        assert response.json()["text"] == "one two three"
        assert [row["status"] for row in await world.usage_of(ada)] == ["open"]
        away.names.remove("close_transcription")

        async def settled() -> bool:
            return [row["status"] for row in await world.usage_of(ada)] == ["complete"]

        await until(settled)
    # The key is still held: a second run would be charged twice.
    told = problem(await http.post(PATH, files={"audio": speech}, headers=headers))
    assert told.code == "request_in_progress"
    assert len(world.provider.requests) == 1
    await world.is_clean(ada)
