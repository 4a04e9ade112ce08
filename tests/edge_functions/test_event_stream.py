"""Transcripts as server-sent events."""

import asyncio

import httpx
import pytest

from edge_functions import event_stream
from edge_functions.event_stream import EventStream, is_wanted
from local_stack.provider import BatchScript, Script
from shared_schema.batch import DeltaEvent
from tests.edge_functions.world import PATH, World, events
from tests.local_stack.world import Person
from tests.waiting import until
from tests.wires import VLLM, Wire, over_every_wire

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAM = {"Accept": "text/event-stream"}


@over_every_wire
async def test_the_text_comes_as_it_is_recognised(
    wire: Wire, world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
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
        "model": wire.file_model,
        "duration_seconds": 4.0,
        "request_id": response.headers["x-request-id"],
        "receipt": told[-1]["receipt"],
    }
    [row] = await world.usage_of(ada)
    assert (row["status"], row["charged"]) == ("complete", 4.0)
    await world.is_clean(ada)


@over_every_wire
async def test_refusals_in_the_stream_are_events(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """What the provider refuses ends the stream with an error, and costs nothing."""
    world.engine.script = Script(batch=BatchScript(status=422, message="Too quiet"))
    response = await http.post(PATH, files={"audio": speech}, headers=STREAM)
    [error] = events(response.text)
    assert error == {
        "type": "error",
        "message": "The provider refused the request: Too quiet",
        "code": "provider_rejected",
        "retryable": False,
    }
    assert (await world.usage_of(ada))[0]["charged"] == 0.0
    await world.is_clean(ada)


@over_every_wire
async def test_a_reader_who_leaves_is_charged_and_finds_the_answer(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The work goes on without its reader; the same key gets the answer, charged once."""
    world.engine.script = Script(text="one two three", batch=BatchScript(event_every_ms=100))
    headers = {**STREAM, "Idempotency-Key": "left"}
    async with http.stream("POST", PATH, files={"audio": speech}, headers=headers) as response:
        async for _ in response.aiter_lines():
            break

    async def settled() -> bool:
        return [row["status"] for row in await world.usage_of(ada)] == ["complete"]

    await until(settled)
    await until(lambda: not world.files())
    response = await http.post(PATH, files={"audio": speech}, headers={"Idempotency-Key": "left"})
    assert response.json()["text"] == "one two three"
    assert len(world.provider.requests) == 1
    [row] = await world.usage_of(ada)
    assert row["charged"] == 4.0


@over_every_wire
async def test_an_answer_that_was_kept_is_streamed_too(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """The same key gets the same answer, in whichever form it is asked for."""
    key = {"Idempotency-Key": "both"}
    first = await http.post(PATH, files={"audio": speech}, headers=key)
    response = await http.post(PATH, files={"audio": speech}, headers={**STREAM, **key})
    [final] = events(response.text)
    assert final == {"type": "final", **first.json()}
    assert len(world.provider.requests) == 1


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/event-stream", True),
        ("application/json, text/event-stream;q=0.5", True),
        ("TEXT/Event-Stream", True),
        ("*/*", False),
        ("text/*", False),
        (None, False),
    ],
)
async def test_events_are_sent_to_those_who_name_them(accept: str | None, wanted: bool) -> None:
    """Events are for those who ask for them by name."""
    assert is_wanted(accept) is wanted


async def test_a_slow_reader_slows_the_job_down_until_they_leave() -> None:
    """The queue is bounded, and nobody waits for a reader who is gone."""
    stream = EventStream()

    async def talk() -> None:
        for _ in range(10_000):
            await stream.send(DeltaEvent(text="a"))

    job = asyncio.create_task(talk())
    await asyncio.sleep(0.05)
    assert not job.done()
    stream.leave()
    await asyncio.wait_for(job, 5)


async def test_a_quiet_stream_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing is said, comments tell every proxy that the stream lives."""
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.02)
    stream = EventStream()
    lines = stream.lines()
    assert await anext(lines) == ":\n\n"
    await stream.send(DeltaEvent(text="a"))
    assert (await anext(lines)).startswith("event: delta\ndata: ")
    await stream.send(None)
    assert await anext(lines, None) is None


@pytest.mark.parametrize("wire", [VLLM], ids=str)
@pytest.mark.parametrize("finish", ["abort", "error"])
@pytest.mark.parametrize("headers", [{}, STREAM], ids=["json", "stream"])
async def test_an_engine_that_gives_up_costs_nothing(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    finish: str,
    headers: dict[str, str],
) -> None:
    """Text that its engine says is cut off is an error, whole and streamed, and is not charged."""
    world.engine.script = Script(text="one two", batch=BatchScript(finish=finish))
    response = await http.post(PATH, files={"audio": speech}, headers=headers)
    told = events(response.text)[-1] if headers else response.json()
    assert (told["code"], told["retryable"]) == ("provider_unavailable", True)
    [row] = await world.usage_of(ada)
    assert (row["status"], row["reason"], row["charged"]) == ("failed", "provider_unavailable", 0.0)
    await world.is_clean(ada)
