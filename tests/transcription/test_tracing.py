"""Traces: what is sent to a collector, and what it costs when there is none."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.doubles.traces import traced
from transcription import tracing
from transcription.errors import LedgerUnavailable
from transcription.observability import TranscriptionRecord


@dataclass
class Collector:
    """Takes OTLP over HTTP, or says nothing."""

    silent: bool = False
    url: str = ""
    paths: list[str] = field(default_factory=list)
    batches: list[ExportTraceServiceRequest] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one batch of spans."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if self.silent:
            await reader.read()
        else:
            self.paths.append(head.split(" ")[1])
            length = next(
                int(line.split(":")[1])
                for line in head.lower().splitlines()
                if line.startswith("content-length:")
            )
            body = await reader.readexactly(length)
            self.batches.append(ExportTraceServiceRequest.FromString(body))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def collecting(*, silent: bool = False) -> AsyncIterator[Collector]:
    """Serve a collector on loopback."""
    collector = Collector(silent)
    server = await asyncio.start_server(collector.answer, "127.0.0.1", 0)
    async with server:
        collector.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield collector


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
    [resource] = collector.batches[0].resource_spans
    told = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert told["service.name"] == "utter-test"
    [scope] = resource.scope_spans
    assert [one.name for one in scope.spans] == ["reserve", "session"]
    assert scope.spans[0].parent_span_id == scope.spans[1].span_id
    assert [one.key for one in scope.spans[0].attributes] == ["utter.provider"]


async def test_the_environment_names_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own variables hold: here, the name of the service."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "eu-bridge")
    async with collecting() as collector:
        await asyncio.to_thread(export, collector.url)
    [resource] = collector.batches[0].resource_spans
    assert "eu-bridge" in {one.value.string_value for one in resource.resource.attributes}


async def test_a_dead_collector_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that takes and never answers delays the end of a process by a moment."""
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    async with collecting(silent=True) as collector:
        began = time.monotonic()
        await asyncio.to_thread(export, collector.url)
        assert 0.2 <= time.monotonic() - began < 1.9
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
