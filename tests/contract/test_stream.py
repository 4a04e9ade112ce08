"""Transcripts as server-sent events."""

import httpx
import pytest

from local_stack.provider import BatchScript, Script
from tests.contract.world import Target
from tests.edge_functions.world import PATH, events, problem
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAM = {"Accept": "text/event-stream"}


async def test_the_text_comes_as_it_is_recognised(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Deltas, then the whole answer, settled before it is told."""
    response = await http.post(PATH, files={"audio": speech}, headers=STREAM)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    told = events(response.text)
    assert "".join(one["text"] for one in told if one["type"] == "delta") == "one two three"
    assert told[-1] == {
        "type": "final",
        "text": "one two three",
        "model": "voxtral-mini-2602",
        "duration_seconds": 4.0,
        "request_id": response.headers["x-request-id"],
        "receipt": told[-1]["receipt"],
    }
    [row] = await target.usage_of(ada)
    assert (row["status"], row["charged"]) == ("complete", 4.0)
    await target.has_nothing_of(ada)


async def test_the_first_words_do_not_wait_for_the_last(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A delta is told while the provider still works."""
    target.engine.script = Script(text="one two three", batch=BatchScript(event_every_ms=300))
    async with http.stream("POST", PATH, files={"audio": speech}, headers=STREAM) as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "event: delta"
        assert [row["status"] for row in await target.usage_of(ada)] == ["open"]
        assert "event: final" in [line async for line in lines]
    await target.has_nothing_of(ada)


async def test_timestamps_come_as_segments(http: httpx.AsyncClient, speech: bytes) -> None:
    """With timestamps the pieces are segments, and the answer has them all."""
    response = await http.post(
        PATH, files={"audio": speech}, data={"timestamps": "segment"}, headers=STREAM
    )
    segment, final = events(response.text)
    assert segment == {"type": "segment", "text": "one two three", "start": 0.0, "end": 1.2}
    assert len(final["segments"]) == 1


async def test_refusals_before_the_stream_are_problems(
    target: Target, http: httpx.AsyncClient, ada: Person
) -> None:
    """Until the provider is asked, a refusal has its own status."""
    told = problem(await http.post(PATH, files={"audio": b"text"}, headers=STREAM))
    assert told.code == "unsupported_audio"
    told = problem(await http.post(PATH, json={"storage_path": "a/b/c"}, headers=STREAM))
    assert told.code == "forbidden"
    await target.has_nothing_of(ada)


async def test_refusals_in_the_stream_are_events(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """What the provider refuses ends the stream with an error, and costs nothing."""
    target.engine.script = Script(batch=BatchScript(status=422, message="Too quiet"))
    response = await http.post(PATH, files={"audio": speech}, headers=STREAM)
    [error] = events(response.text)
    assert error == {
        "type": "error",
        "message": "The provider refused the request: Too quiet",
        "code": "provider_rejected",
        "retryable": False,
    }
    assert (await target.usage_of(ada))[0]["charged"] == 0.0
    await target.has_nothing_of(ada)


async def test_a_reader_who_leaves_is_charged_and_finds_the_answer(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The work goes on without its reader; the same key gets the answer, charged once."""
    target.engine.script = Script(text="one two three", batch=BatchScript(event_every_ms=100))
    headers = {**STREAM, "Idempotency-Key": "left"}
    async with http.stream("POST", PATH, files={"audio": speech}, headers=headers) as response:
        async for _ in response.aiter_lines():
            break

    async def settled() -> bool:
        return [row["status"] for row in await target.usage_of(ada)] == ["complete"]

    await until(settled)

    async def kept() -> bool:
        again = await http.post(PATH, files={"audio": speech}, headers={"Idempotency-Key": "left"})
        return again.status_code == 200 and again.json()["text"] == "one two three"

    await until(kept)
    assert len(target.provider.requests) == 1
    [row] = await target.usage_of(ada)
    assert row["charged"] == 4.0


async def test_an_answer_that_was_kept_is_streamed_too(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """The same key gets the same answer, in whichever form it is asked for."""
    key = {"Idempotency-Key": "both"}
    first = await http.post(PATH, files={"audio": speech}, headers=key)
    response = await http.post(PATH, files={"audio": speech}, headers={**STREAM, **key})
    [final] = events(response.text)
    assert final == {"type": "final", **first.json()}
    assert len(target.provider.requests) == 1


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/json, text/event-stream;q=0.5", True),
        ("TEXT/Event-Stream", True),
        ("*/*", False),
        ("text/*", False),
    ],
)
async def test_events_are_sent_to_those_who_name_them(
    http: httpx.AsyncClient, speech: bytes, accept: str, *, wanted: bool
) -> None:
    """Events are for those who ask for them by name."""
    response = await http.post(PATH, files={"audio": speech}, headers={"Accept": accept})
    assert response.headers["content-type"].startswith("text/event-stream") is wanted
