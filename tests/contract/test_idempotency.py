"""`Idempotency-Key` on `POST /api/transcriptions`."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local_stack.provider import BatchScript, Script
from tests.contract.world import TARGETS, Target
from tests.edge_functions.world import PATH, problem, wav
from tests.local_stack.world import WAV, Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = {"Idempotency-Key": "7c0e7c36-take-1"}


async def test_the_same_key_gets_the_same_answer(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A request that is sent again is answered as before, and charged once."""
    first = await http.post(PATH, files={"audio": speech}, headers=KEY)
    second = await http.post(PATH, files={"audio": ("other name", speech)}, headers=KEY)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(target.provider.requests) == 1
    assert [row["charged"] for row in await target.usage_of(ada)] == [4.0]
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("turned", [False, True])
async def test_a_retry_may_meet_the_other_service(
    everyone: Mapping[str, Target], speech: bytes, turned: bool
) -> None:
    """A key that one service has answered is answered by the other, for a file as for a take."""
    one, other = (everyone[name] for name in (TARGETS[::-1] if turned else TARGETS))
    one.engine.script = Script(text="one two three")
    one.provider.requests.clear()
    person = await one.stack.person(f"{uuid4()}@example.com")
    await person.files.upload(person.take("one.wav"), speech, WAV)
    voice = {"name": "Zoe\u0308", "transcript": "The words\r\nthat are spoken.", "language": "en"}
    requests: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (
            PATH,
            {"files": {"audio": speech}, "data": {"context_bias": [" \u00dcnic\u00f6de ", ""]}},
            {},
        ),
        (
            PATH,
            {"json": {"storage_path": person.take("one.wav"), "language": None}},
            {"json": {"storage_path": person.take("one.wav")}},
        ),
        (
            "/api/clone",
            {"files": {"audio": speech}, "data": voice},
            {"files": {"audio": speech}, "data": {**voice, "consent": "false", "name": "Zo\u00eb"}},
        ),
    ]
    async with one.signed_in(person) as here, other.signed_in(person) as there:
        for number, (path, asked, again) in enumerate(requests):
            headers = {"Idempotency-Key": f"both-{number}"}
            answer = await here.post(path, headers=headers, **asked)
            repeated = await there.post(path, headers=headers, **(again or asked))
            assert answer.is_success, answer.text
            assert (repeated.status_code, repeated.json()) == (answer.status_code, answer.json())
    assert len(one.provider.requests) == 2
    assert len(await one.voices_of(person)) == 1


async def test_a_take_is_transcribed_once(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The same holds for a take, in whatever order its options are sent."""
    await ada.files.upload(ada.take("one.wav"), speech, WAV)
    path = ada.take("one.wav")
    first = await http.post(PATH, json={"storage_path": path, "language": "en"}, headers=KEY)
    second = await http.post(PATH, json={"language": "en", "storage_path": path}, headers=KEY)
    assert first.json() == second.json()
    assert len(target.provider.requests) == 1


async def test_keys_belong_to_their_callers(
    target: Target, http: httpx.AsyncClient, bob: Person, speech: bytes
) -> None:
    """Two users may use the same key."""
    await http.post(PATH, files={"audio": speech}, headers=KEY)
    async with target.signed_in(bob) as other:
        assert (await other.post(PATH, files={"audio": speech}, headers=KEY)).status_code == 200
    assert len(target.provider.requests) == 2


async def test_a_key_of_another_request_is_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, tmp_path: Path
) -> None:
    """Another file, or other options, under the same key are a mistake."""
    await http.post(PATH, files={"audio": speech}, headers=KEY)
    other = wav(tmp_path, 5).read_bytes()
    for files, data in (({"audio": other}, {}), ({"audio": speech}, {"language": "de"})):
        told = problem(await http.post(PATH, files=files, data=data, headers=KEY))
        assert (told.status, told.code) == (422, "invalid_message")
    assert len(target.provider.requests) == 1
    await target.has_nothing_of(ada)


async def test_two_at_once_do_the_work_once(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """While the first is under way, the second is asked to come again."""
    target.engine.script = Script(text="one", batch=BatchScript(think_ms=2000))
    first = asyncio.create_task(http.post(PATH, files={"audio": speech}, headers=KEY))
    await until(lambda: len(target.provider.requests) == 1)
    told = problem(await http.post(PATH, files={"audio": speech}, headers=KEY))
    assert (told.status, told.code, told.retryable) == (409, "request_in_progress", True)
    assert told.retry_after is not None
    done = await first
    again = await http.post(PATH, files={"audio": speech}, headers=KEY)
    assert again.json() == done.json()
    assert len(target.provider.requests) == 1
    await target.has_nothing_of(ada)


async def test_a_failure_frees_the_key(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """After a failure the same request is tried in earnest."""
    target.engine.script = [Script(batch=BatchScript(status=500)), Script(text="one")]
    failed = await http.post(PATH, files={"audio": speech}, headers=KEY)
    assert problem(failed).retryable
    response = await http.post(PATH, files={"audio": speech}, headers=KEY)
    assert response.json()["text"] == "one"
    assert [row["charged"] for row in await target.usage_of(ada)] == [0.0, 4.0]


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "caf\xe9"])
async def test_malformed_keys_are_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, key: str
) -> None:
    """A key has 1 to 255 printable ASCII characters."""
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    told = problem(await http.post(PATH, files={"audio": speech}, headers=headers))
    assert (told.status, told.code) == (422, "invalid_message")
    await target.has_nothing_of(ada)
