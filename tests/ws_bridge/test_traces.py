"""What a session tells a collector of traces."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.doubles.collector import collecting
from tests.doubles.traces import Traces, traced
from tests.waiting import until
from tests.ws_bridge.process import bridge
from tests.ws_bridge.world import SILENCE, running
from transcription.errors import QuotaExceeded

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
TREE = {
    "session": None,
    "admit": "session",
    "identify": "admit",
    "reserve": "admit",
    "connect": "admit",
    "finish": "session",
    "settle": "session",
}


async def ended(traces: Traces, name: str = "session") -> None:
    """Wait until the span has been exported."""
    await until(lambda: name in {span.name for span in traces.spans})


async def test_a_session_is_one_trace() -> None:
    """A session is one trace from its socket to its settlement, and its line names the trace."""
    with traced() as traces, capture_logs() as lines:
        async with running() as world, world.session() as talk:
            await talk.send(SILENCE)
            (await talk.stopped()).completed()
            await ended(traces)
            await world.is_clean(upstreams=1)
    assert traces.tree() == TREE
    session = traces.one("session")
    assert session.context is not None
    (line,) = [line for line in lines if line["event"] == "transcription"]
    assert line["trace_id"] == f"{session.context.trace_id:032x}"
    assert {span.context.trace_id for span in traces.spans if span.context} == {
        session.context.trace_id
    }
    told = dict(session.attributes or {})
    assert told["utter.session_id"] == line["session_id"]
    assert (told["utter.status"], told["utter.frames"]) == ("complete", 1)


async def test_steps_lie_within_their_session() -> None:
    """Every step has its own time: the provider's connection its delay, the end its last words."""
    script = Script(created_delay_ms=200, done_delay_ms=100)
    with traced() as traces:
        async with running(script) as world, world.session() as talk:
            (await talk.stopped()).completed()
            await ended(traces)

    def times(name: str) -> tuple[int, int]:
        span = traces.one(name)
        assert span.start_time is not None
        assert span.end_time is not None
        return span.start_time, span.end_time

    began, over = times("session")
    tolerance = 5_000_000  # two clocks are compared
    for name in TREE:
        start, end = times(name)
        assert began - tolerance <= start <= end <= over + tolerance, name
    assert times("connect")[1] - times("connect")[0] >= 0.2e9
    assert times("finish")[1] - times("finish")[0] >= 0.1e9
    assert times("admit")[1] <= times("finish")[0] + tolerance


@pytest.mark.parametrize(
    ("headers", "is_joined"),
    [
        ([("traceparent", f"00-{TRACE}-{CALLER}-01")], True),
        ([("traceparent", "nonsense")], False),
        ([("traceparent", f"00-{TRACE}-{CALLER}-01")] * 2, False),
        ([], False),
    ],
)
async def test_a_session_joins_its_callers_trace(
    headers: list[tuple[str, str]], is_joined: bool
) -> None:
    """A well-formed `traceparent` of the handshake is gone on with; another is passed over."""
    with traced() as traces:
        async with running() as world, world.talk(additional_headers=headers) as talk:
            await talk.send(world.start())
            await talk.next("ready")
            (await talk.stopped()).completed()
            await ended(traces)
    session = traces.one("session")
    assert session.context is not None
    if is_joined:
        assert session.parent is not None
        assert f"{session.context.trace_id:032x}" == TRACE
        assert f"{session.parent.span_id:016x}" == CALLER
    else:
        assert session.parent is None
        assert f"{session.context.trace_id:032x}" != TRACE


async def test_an_unsampled_trace_is_neither_kept_nor_named() -> None:
    """A caller who does not record its trace gets none recorded, and the line names none."""
    with traced() as traces, capture_logs() as lines:
        headers = {"traceparent": f"00-{TRACE}-{CALLER}-00"}
        async with running() as world, world.talk(additional_headers=headers) as talk:
            await talk.send(world.start())
            (await talk.stopped()).completed()
            await world.is_clean(upstreams=1)
    assert traces.spans == ()
    (line,) = [line for line in lines if line["event"] == "transcription"]
    assert "trace_id" not in line


async def test_a_refusal_is_told_by_its_code() -> None:
    """The step that refused carries the code; a caller's own fault is no error of the session."""
    with traced() as traces:
        async with running() as world:
            world.ledger.refusal = QuotaExceeded("You, caller, have used up your minutes.")
            await world.refused(ErrorCode.QUOTA_EXCEEDED)
            await ended(traces)
    reserve, session = traces.one("reserve"), traces.one("session")
    assert dict(reserve.attributes or {})["error.type"] == "quota_exceeded"
    assert not reserve.status.is_ok
    assert session.status.is_unset
    assert dict(session.attributes or {})["utter.code"] == "quota_exceeded"
    assert "finish" not in traces.tree()
    assert "used up your minutes" not in traces.told()


async def test_a_failing_provider_is_an_error_of_the_session() -> None:
    """Where the provider cannot be reached, its step and the session carry the code."""
    with traced() as traces:
        async with running(provider_connect_seconds=0.2) as world:
            world.engine.script = Script(created_delay_ms=30_000)
            await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
            await ended(traces)
    for name in ("connect", "session"):
        span = traces.one(name)
        assert dict(span.attributes or {})["error.type"] == "provider_unavailable"
        assert not span.status.is_ok


async def test_neither_words_nor_tokens_are_told() -> None:
    """No span holds the transcript, a term, a token, a key, an address or the user's id."""
    script = Script(text="xylophone quartz")
    with traced() as traces:
        async with running(script) as world:
            start = world.start(context_bias=["zeppelin"], language="German")
            headers = {"Authorization": f"Bearer {start['access_token']}"}
            async with world.talk(additional_headers=headers) as talk:
                await talk.send(start)
                await talk.next("ready")
                await talk.send(SILENCE * 4)
                heard = await talk.stopped()
                assert "xylophone" in heard.completed()["text"]
                await ended(traces)
    told = traces.told()
    for secret in (
        *("xylophone", "quartz", "zeppelin", "test-key", "127.0.0.1", "sb_secret_test"),
        *(start["access_token"], world.issuer.token().split(".")[0]),
        next(iter(world.ledger.entries.values())).user.id,
    ):
        assert secret not in told
    # And nothing comes with an exception: neither message nor stack.
    assert all(json.loads(span.to_json())["events"] == [] for span in traces.spans)


@pytest.mark.process
async def test_a_process_sends_its_traces(tmp_path: Path) -> None:
    """A bridge that is told of a collector sends it every session, the last before its end."""
    async with (
        collecting() as collector,
        bridge(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as process,
    ):
        async with process.session() as talk:
            (await talk.stopped()).completed()
        process.signal(signal.SIGTERM)
        assert await process.exit_code() == 0
        line = await process.logged("transcription")
        assert collector.services == {"utter-bridge"}
        assert {span.name for span in collector.spans} == set(TREE)
        assert {span.trace_id.hex() for span in collector.spans} == {line["trace_id"]}


async def test_sessions_do_not_mix() -> None:
    """Sessions at once are traces apart, each with all of its own steps."""
    with traced() as traces:
        async with running() as world:

            async def record() -> None:
                async with world.session() as talk:
                    await talk.send(SILENCE)
                    (await talk.stopped()).completed()

            await asyncio.gather(*(record() for _ in range(5)))
            await until(lambda: len(traces.spans) == 5 * len(TREE))
    by_trace: dict[int, set[str]] = {}
    for span in traces.spans:
        assert span.context is not None
        by_trace.setdefault(span.context.trace_id, set()).add(span.name)
    assert list(by_trace.values()) == [set(TREE)] * 5
