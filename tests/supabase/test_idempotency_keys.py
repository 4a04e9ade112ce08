import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.database import Database
from tests.supabase.ledger_calls import claim

DAY = 24 * 3600


async def answer(database: Database, user: str, claim_id: str, status: int = 200) -> Any:
    """Answer the key `k`."""
    return await database.call(
        "answer_idempotency_key",
        user_id=user,
        key="k",
        claim=claim_id,
        status=status,
        answer={"text": "Hello."},
    )


async def test_same_key_same_answer(database: Database) -> None:
    """The same key and caller within a day gets the same answer; a day later it is new."""
    user, attempt = await database.user(), str(uuid4())
    assert await claim(database, user, claim=attempt) == {"state": "claimed"}
    assert await answer(database, user, attempt) is True
    kept = {"state": "answered", "status": 200, "answer": {"text": "Hello."}}
    assert await claim(database, user) == kept
    await database.pass_time(DAY - 1)
    assert await claim(database, user) == kept
    await database.pass_time(1)
    assert await claim(database, user) == {"state": "claimed"}


async def test_racing_claims(database: Database) -> None:
    """Of requests that race with one key, one is done; the others are told to wait."""
    user = await database.user()

    async def one() -> str:
        async with database.connect() as connection:
            return str((await claim(database, user, connection=connection))["state"])

    states = await asyncio.gather(*(one() for _ in range(20)))
    assert sorted(states) == ["claimed"] + ["in_progress"] * 19
    user = await database.user()
    both = await database.overlapping(lambda one: claim(database, user, connection=one))
    assert [answer["state"] for answer in both] == ["claimed", "in_progress"]


async def test_request_under_way(database: Database) -> None:
    """While a request is under way, another is told when it will end; the same call is not."""
    user, attempt = await database.user(), str(uuid4())
    await claim(database, user, claim=attempt)
    await database.pass_time(20)
    assert await claim(database, user) == {"state": "in_progress", "retry_after": 40}
    assert await claim(database, user, claim=attempt) == {"state": "claimed"}


async def test_other_request_under_the_same_key(database: Database) -> None:
    """A key that was used for another request is a mistake, answered or not."""
    user, attempt = await database.user(), str(uuid4())
    await claim(database, user, claim=attempt)
    assert await claim(database, user, fingerprint="g") == {"state": "mismatch"}
    await answer(database, user, attempt)
    assert await claim(database, user, fingerprint="g") == {"state": "mismatch"}


async def test_callers_are_apart(database: Database) -> None:
    """The same key of two callers is two keys."""
    for _ in range(2):
        assert await claim(database, await database.user()) == {"state": "claimed"}


async def test_crash_under_way(database: Database) -> None:
    """A request that crashed is free again after its hold, and its ghost answers nothing."""
    user, ghost, heir = await database.user(), str(uuid4()), str(uuid4())
    await claim(database, user, claim=ghost)
    await database.pass_time(60)
    assert await claim(database, user, claim=heir) == {"state": "claimed"}
    assert await answer(database, user, ghost) is False
    assert await answer(database, user, heir) is True


async def test_released_key(database: Database) -> None:
    """A failure that a retry may mend frees the key; an answer is never freed."""
    user, first, second = await database.user(), str(uuid4()), str(uuid4())
    release: dict[str, Any] = {"user_id": user, "key": "k"}
    await claim(database, user, claim=first)
    assert await database.call("release_idempotency_key", **release, claim=second) is False
    assert await database.call("release_idempotency_key", **release, claim=first) is True
    assert await claim(database, user, claim=second) == {"state": "claimed"}
    await answer(database, user, second)
    assert await database.call("release_idempotency_key", **release, claim=second) is False


@pytest.mark.parametrize("wrong", [{"key": ""}, {"key": "k" * 256}, {"hold_seconds": 0}])
async def test_nonsense(database: Database, wrong: dict[str, Any]) -> None:
    """A key of no or too many characters, or a hold without time, is an error."""
    user = await database.user()
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.InvalidParameterValue)):
        await claim(database, user, **wrong)
