"""`Idempotency-Key` on `POST /api/transcriptions`."""

import asyncio
from pathlib import Path

import httpx
import pytest

from local_stack.provider import BatchScript, Script
from tests.edge_functions.world import PATH, World, problem, wav
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = {"Idempotency-Key": "7c0e7c36-take-1"}


async def test_the_same_key_gets_the_same_answer(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A request that is sent again is answered as before, and charged once."""
    first = await http.post(PATH, files={"audio": speech}, headers=KEY)
    second = await http.post(PATH, files={"audio": ("other name", speech)}, headers=KEY)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(world.provider.requests) == 1
    assert [row["charged"] for row in await world.usage_of(ada)] == [4.0]
    await world.is_clean(ada)


async def test_keys_belong_to_their_callers(
    world: World, http: httpx.AsyncClient, bob: Person, speech: bytes
) -> None:
    """Two users may use the same key."""
    await http.post(PATH, files={"audio": speech}, headers=KEY)
    async with world.signed_in(bob) as other:
        assert (await other.post(PATH, files={"audio": speech}, headers=KEY)).status_code == 200
    assert len(world.provider.requests) == 2


async def test_a_key_of_another_request_is_refused(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes, tmp_path: Path
) -> None:
    """Another file, or other options, under the same key are a mistake."""
    await http.post(PATH, files={"audio": speech}, headers=KEY)
    other = wav(tmp_path, 5).read_bytes()
    for files, data in (({"audio": other}, {}), ({"audio": speech}, {"language": "de"})):
        told = problem(await http.post(PATH, files=files, data=data, headers=KEY))
        assert (told.status, told.code) == (422, "invalid_message")
    assert len(world.provider.requests) == 1
    await world.is_clean(ada)


async def test_two_at_once_do_the_work_once(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """While the first is under way, the second is asked to come again."""
    world.engine.script = Script(text="one", batch=BatchScript(think_ms=2000))
    first = asyncio.create_task(http.post(PATH, files={"audio": speech}, headers=KEY))
    await until(lambda: len(world.provider.requests) == 1)
    told = problem(await http.post(PATH, files={"audio": speech}, headers=KEY))
    assert (told.status, told.code, told.retryable) == (429, "session_limit", True)
    assert told.retry_after is not None
    done = await first
    again = await http.post(PATH, files={"audio": speech}, headers=KEY)
    assert again.json() == done.json()
    assert len(world.provider.requests) == 1
    await world.is_clean(ada)


async def test_a_failure_frees_the_key(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """After a failure the same request is tried in earnest."""
    world.engine.script = [Script(batch=BatchScript(status=500)), Script(text="one")]
    failed = await http.post(PATH, files={"audio": speech}, headers=KEY)
    assert problem(failed).retryable
    response = await http.post(PATH, files={"audio": speech}, headers=KEY)
    assert response.json()["text"] == "one"
    assert [row["charged"] for row in await world.usage_of(ada)] == [0.0, 4.0]


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "caf\xe9"])
async def test_malformed_keys_are_refused(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes, key: str
) -> None:
    """A key has 1 to 255 printable ASCII characters."""
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    told = problem(await http.post(PATH, files={"audio": speech}, headers=headers))
    assert (told.status, told.code) == (422, "invalid_message")
    await world.is_clean(ada)
