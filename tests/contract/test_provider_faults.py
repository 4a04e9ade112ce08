"""What callers are told when the provider fails, and what it costs them."""

import json
import time
from typing import Any

import httpx
import pytest

from local_stack.provider import BatchScript, Script
from tests.contract.world import PROVIDER_SECONDS, Target
from tests.edge_functions.test_provider_faults import MESSAGES
from tests.edge_functions.world import KEY, PATH, events, problem
from tests.local_stack.world import Person
from tests.waiting import within

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAM = {"Accept": "text/event-stream"}


@pytest.mark.parametrize(
    ("status", "told_status", "code", "retryable"),
    [
        (400, 502, "provider_rejected", False),
        (401, 502, "provider_unavailable", True),
        (403, 502, "provider_unavailable", True),
        (404, 502, "provider_rejected", False),
        (422, 502, "provider_rejected", False),
        (429, 503, "provider_rate_limited", True),
        (500, 502, "provider_unavailable", True),
        (503, 502, "provider_unavailable", True),
    ],
)
@pytest.mark.parametrize("message", MESSAGES)
async def test_refusals(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    status: int,
    told_status: int,
    code: str,
    retryable: bool,
    message: Any,
) -> None:
    """Each refusal has its code, shows nothing of the provider's, and costs nothing."""
    target.engine.script = Script(
        batch=BatchScript(status=status, message=message, retry_after="60")
    )
    response = await http.post(PATH, files={"audio": speech})
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (told_status, code, retryable)
    for secret in (KEY, "mistral", "127.0.0.1", "Traceback", "/srv"):
        assert secret not in response.text
    [row] = await target.usage_of(ada)
    assert (row["status"], row["reason"], row["charged"]) == ("failed", code, 0.0)
    assert len(target.provider.requests) == 1
    await target.has_nothing_of(ada)


async def test_retry_after_is_passed_on(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """How long the provider asks to wait is told to the caller."""
    target.engine.script = Script(batch=BatchScript(status=429, retry_after="60"))
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert told.retry_after == 60


@pytest.mark.parametrize("message", ["Audio is corrupt", {"detail": "Audio is corrupt"}])
async def test_what_is_safe_to_show_is_shown(
    target: Target, http: httpx.AsyncClient, speech: bytes, message: Any
) -> None:
    """The provider's words about the request itself reach the caller, in either shape."""
    target.engine.script = Script(batch=BatchScript(status=422, message=message))
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert told.detail == "The provider refused the request: Audio is corrupt"


@pytest.mark.parametrize("body", ["", "{", "[]", '{"text": 7}', '{"language": "en"}', "<html>"])
async def test_an_answer_that_is_none_has_its_code(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, body: str
) -> None:
    """An answer with status 200 that is not what was promised is the provider's fault."""
    target.engine.script = Script(batch=BatchScript(body=body))
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code) == (502, "provider_unavailable")
    assert (await target.usage_of(ada))[0]["charged"] == 0.0
    await target.has_nothing_of(ada)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"language": None, "usage": None, "segments": None},
        {"language": 7, "segments": [{"text": "one", "end": "soon"}, 7], "mood": "curious"},
    ],
    ids=["bare", "nulls", "odd"],
)
async def test_an_answer_needs_its_text_alone(
    target: Target, http: httpx.AsyncClient, speech: bytes, answer: dict[str, Any]
) -> None:
    """No text is lost for a field that is missing, null or odd, and what is absent is absent."""
    told = {"text": "one two", **answer}
    segments = [{"text": "one"}] if answer.get("segments") else []
    asked = {"timestamps": "segment"}
    target.engine.script = Script(batch=BatchScript(body=json.dumps(told)))
    whole = await http.post(PATH, files={"audio": speech}, data=asked)
    assert (whole.status_code, whole.json()["text"]) == (200, "one two")
    assert "language" not in whole.json()
    assert whole.json()["segments"] == segments
    odd = [{"type": "transcription.text.delta", "text": None}, {"type": "tomorrow"}]
    done = {"type": "transcription.done", **told}
    lines = "".join(f"data: {json.dumps(one)}\n\n" for one in (*odd, done))
    target.engine.script = Script(batch=BatchScript(body=lines))
    response = await http.post(PATH, files={"audio": speech}, data=asked, headers=STREAM)
    [final] = events(response.text)
    assert (final["type"], final["text"], final["segments"]) == ("final", "one two", segments)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_breaks_off(
    *, target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, stream: bool
) -> None:
    """Text that was told is charged, though its end is missing; without text nothing is."""
    target.engine.script = Script(text="one two three", batch=BatchScript(drop_after_events=2))
    response = await http.post(PATH, files={"audio": speech}, headers=STREAM if stream else {})
    [row] = await target.usage_of(ada)
    if stream:
        told = events(response.text)
        assert [one["type"] for one in told] == ["delta", "delta", "error"]
        assert told[-1]["code"] == "provider_unavailable"
        assert told[-1]["retryable"]
        assert (row["status"], row["charged"]) == ("partial", 4.0)
    else:
        assert problem(response).code == "provider_unavailable"
        assert (row["status"], row["charged"]) == ("failed", 0.0)
    assert len(target.provider.requests) == 1
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_does_not_answer(
    *, target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, stream: bool
) -> None:
    """After its time the provider is given up, and nothing is charged."""
    target.engine.script = Script(batch=BatchScript(think_ms=1000 * (PROVIDER_SECONDS + 8)))
    began = time.monotonic()
    async with within(PROVIDER_SECONDS + 6):
        response = await http.post(PATH, files={"audio": speech}, headers=STREAM if stream else {})
    assert time.monotonic() - began >= PROVIDER_SECONDS
    if stream:
        [told] = events(response.text)
        assert (told["code"], told["message"]) == (
            "provider_unavailable",
            "The provider took too long.",
        )
    else:
        refusal = problem(response)
        assert (refusal.code, refusal.detail) == (
            "provider_unavailable",
            "The provider took too long.",
        )
    assert [row["charged"] for row in await target.usage_of(ada)] == [0.0]
    assert len(target.provider.requests) == 1
    await target.has_nothing_of(ada)


async def test_a_stream_that_stalls_is_given_up(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A provider that stops in the middle has the same time in all; the text is charged."""
    target.engine.script = Script(
        text="one two three four five six", batch=BatchScript(event_every_ms=1500)
    )
    response = await http.post(PATH, files={"audio": speech}, headers=STREAM)
    *deltas, error = events(response.text)
    assert [one["type"] for one in deltas] == ["delta", "delta"]
    assert error["code"] == "provider_unavailable"
    [row] = await target.usage_of(ada)
    assert (row["status"], row["charged"]) == ("partial", 4.0)
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_provider_that_was_busy_for_a_moment(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, status: int
) -> None:
    """A short refusal is waited out, and the caller sees nothing of it."""
    target.engine.script = [
        Script(batch=BatchScript(status=status)),
        Script(text="one two three"),
    ]
    response = await http.post(PATH, files={"audio": speech})
    assert response.json()["text"] == "one two three"
    assert [request.status for request in target.provider.requests] == [status, 200]
    assert (await target.usage_of(ada))[0]["charged"] == 4.0


async def test_a_provider_that_stays_busy_is_not_asked_for_ever(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """After four tries the refusal is told."""
    target.engine.script = Script(batch=BatchScript(status=503, retry_after=0))
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert told.code == "provider_unavailable"
    assert [request.status for request in target.provider.requests] == [503] * 4
    await target.has_nothing_of(ada)
