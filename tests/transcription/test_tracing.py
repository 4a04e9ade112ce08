"""Traces: what is sent to a collector, and what it costs when there is none."""

import asyncio
import sys
import threading
import time
from dataclasses import fields

import pytest
from opentelemetry import trace

from tests.doubles.collector import collecting
from tests.doubles.traces import traced
from tests.waiting import within
from transcription.errors import LedgerUnavailable
from transcription.process import tracing
from transcription.process.record import TranscriptionRecord


def export(url: str) -> None:
    """Trace one session with one step, to a collector, and end."""
    with tracing.exporting(url, service="utter-test"), tracing.root("session", None):
        with tracing.span("reserve", provider="mistral"):
            pass
        assert tracing.trace_id() is not None


async def test_spans_reach_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a process waits until its last spans, under the service's name, have arrived."""
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    async with collecting() as collector:
        await asyncio.to_thread(export, collector.url)
    assert collector.paths == ["/v1/traces"]
    assert collector.services == {"utter-test"}
    reserve, session = collector.spans
    assert (reserve.name, session.name) == ("reserve", "session")
    assert reserve.parent_span_id == session.span_id
    assert [one.key for one in reserve.attributes] == ["utter.provider"]


async def test_the_environment_names_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own variables hold: here, the name of the service."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "eu-bridge")
    async with collecting() as collector:
        await asyncio.to_thread(export, collector.url)
    assert collector.services == {"eu-bridge"}


async def test_a_dead_collector_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that takes and never answers delays the end of a process by a moment."""
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    async with collecting(silent=True) as collector:
        began = time.monotonic()
        async with within(1.9):
            await asyncio.to_thread(export, collector.url)
        assert time.monotonic() - began >= 0.2
        for thread in threading.enumerate():
            if thread.name == "traces-flush":
                await asyncio.to_thread(thread.join, 10)


def test_off_is_free() -> None:
    """Without a collector a span is one shared object that does nothing, and no trace is named."""
    with tracing.exporting(None, service="utter-test"):
        first = tracing.root("session", f"00-{1:032x}-{1:016x}-01")
        with first, tracing.span("admit") as second:
            assert second is None
            assert tracing.span("reserve") is first
            assert tracing.trace_id() is None
            tracing.past("finish", 1.0, 2.0, now=3.0)
            tracing.describe(kind="realtime")


@pytest.mark.process
async def test_off_imports_no_sdk() -> None:
    """Neither service imports the SDK when it starts: a deployment can do without the extra."""
    program = (
        "import sys, ws_bridge.__main__, edge_functions.__main__\n"
        "sys.exit(any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))"
        " for name in sys.modules))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector without the packages for it ends the start with a word on what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with (
        pytest.raises(SystemExit, match="extra `otel`"),
        tracing.exporting("http://127.0.0.1:1", service="utter-test"),
    ):
        pass


def test_nothing_global_is_switched_on() -> None:
    """Libraries that trace by themselves find no provider: they would tell headers and bodies."""
    with traced() as traces:
        trace.get_tracer("library").start_span("leak").end()
        with tracing.root("session", None):
            pass
        assert [span.name for span in traces.spans] == ["session"]


def test_exceptions_are_told_without_their_words() -> None:
    """Of an exception its code is told, or the name of its class: never a message or a stack."""
    with traced() as traces:
        for failure in (LedgerUnavailable("secret words"), ValueError("secret words")):
            with pytest.raises(type(failure)), tracing.root("request", None):
                raise failure
    codes = [dict(span.attributes or {})["error.type"] for span in traces.spans]
    assert codes == ["ledger_unavailable", "ValueError"]
    assert "secret" not in traces.told()


async def test_a_cancelled_step_is_no_error() -> None:
    """A step that is cancelled ends, and nobody is blamed."""
    with traced() as traces:

        async def wait() -> None:
            with tracing.root("session", None), tracing.span("connect"):
                await asyncio.sleep(30)

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [(span.name, span.status.is_unset) for span in traces.spans] == [
        ("connect", True),
        ("session", True),
    ]


def test_every_field_of_the_line_may_be_told() -> None:
    """The attributes are the wide line's fields without the user's, and those of HTTP."""
    line = {one.name for one in fields(TranscriptionRecord)} - {"user_id", "trace_id"}
    assert set(tracing.Attributes.__annotations__) == line | {"method", "route", "http_status"}
