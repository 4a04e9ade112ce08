"""Traces: where the time of one transcription went, from the handshake to the settlement.

Off until `exporting` is given a collector; until then a span costs a look at one variable. The
SDK is an extra (`otel`), imported when it is used. Its provider stays in here: a global one would
switch on the spans of libraries, which tell addresses, headers and bodies.

A span has the fields of `Attributes`: codes, names and figures of ours. Never a
token, a key, audio or text, and so of an exception its code and not its message.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, Unpack

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from transcription.errors import TranscriptionError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

FLUSH_SECONDS: Final = 3.0
"""How long the end of a process waits for its last spans."""

Root = Literal["session", "request"]
Step = Literal[
    "admit",
    "identify",
    "reserve",
    "connect",
    "mint",
    "finish",
    "inspect",
    "copy",
    "provider",
    "settle",
]

_tracer: Tracer | None = None
_OFF: Final = nullcontext()
_propagator: Final = TraceContextTextMapPropagator()


class Attributes(TypedDict, total=False):
    """Attributes of a span; each name is exported with `utter.` before it."""

    kind: str
    direct: bool | None
    provider: str | None
    passed_over: tuple[str, ...] | None
    model: str | None
    language: str | None
    session_id: str | None
    resumes: str | None
    provider_request_id: str | None
    anonymous: bool | None
    own_key: bool | None
    status: str
    code: str | None
    error_id: str | None
    close_code: int | None
    wall_seconds: float | None
    audio_seconds: float | None
    ready_ms: float | None
    first_delta_ms: float | None
    finish_ms: float | None
    bytes_in: int | None
    frames: int | None
    deltas: int | None
    cost_microdollars: int | None
    method: str
    route: str
    http_status: int | None


def root(name: Root, traceparent: str | None) -> AbstractContextManager[None]:
    """Trace the block, within the caller's trace where there is one.

    Args:
        name: What the block is.
        traceparent: The header as it came (W3C Trace Context, section 3.2); where it is missing
            or malformed, a new trace begins.
    """
    if _tracer is None:
        return _OFF
    carrier = {} if traceparent is None else {"traceparent": traceparent}
    caller = _propagator.extract(carrier, Context())
    return _traced(_tracer, name, {}, context=caller, kind=SpanKind.SERVER)


def span(step: Step, **attributes: Unpack[Attributes]) -> AbstractContextManager[None]:
    """Trace the block as a step of what is being traced."""
    return _OFF if _tracer is None else _traced(_tracer, step, attributes)


def past(step: Step, began: float, ended: float, *, now: float, code: str | None = None) -> None:
    """Trace a step that is over: one that began in another task than it ended.

    Args:
        step: What it was.
        began: Seconds of any clock.
        ended: Seconds of the same clock.
        now: What that clock shows now.
        code: The error that ended it.
    """
    if _tracer is None:
        return
    zero = time.time_ns() - int(now * 1e9)
    one = _tracer.start_span(step, start_time=zero + int(began * 1e9))
    if code is not None:
        _fail(one, code)
    one.end(zero + int(ended * 1e9))


def describe(*, failure: str | None = None, **attributes: Unpack[Attributes]) -> None:
    """Tell more of the current span.

    Args:
        failure: Code of an error that is ours and not the caller's.
        attributes: What is known of it.
    """
    current = trace.get_current_span()
    if current.is_recording():
        current.set_attributes(_exported(attributes))
        if failure is not None:
            _fail(current, failure)


def trace_id() -> str | None:
    """Return the current trace's id, 32 hexadecimal digits; None where none is kept."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.trace_flags.sampled else None


@contextmanager
def exporting(endpoint: str | None, *, service: str) -> Iterator[None]:
    """Send the spans of the block to an OpenTelemetry collector, if one is named.

    The SDK's own variables hold as well: `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`,
    `OTEL_RESOURCE_ATTRIBUTES` and so on.

    Args:
        endpoint: Where it takes OTLP over HTTP, without `/v1/traces`.
        service: `service.name`, unless the environment names another.

    Raises:
        SystemExit: the extra is not installed.
    """
    if endpoint is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        message = "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the extra `otel` is not installed."
        raise SystemExit(message) from None
    exporter = OTLPSpanExporter(f"{endpoint}/v1/traces")
    with processing(BatchSpanProcessor(exporter), service=service):
        yield


@contextmanager
def processing(processor: "SpanProcessor", *, service: str) -> Iterator[None]:
    """Give the spans of the block to `processor`, which is shut down at its end."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    global _tracer  # noqa: PLW0603 - one for the process, as with logging
    resource = Resource.create({"service.name": service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("utter")
    try:
        yield
    finally:
        _tracer = None
        # A collector that does not answer must not keep the process from its end.
        flush = threading.Thread(target=provider.shutdown, name="traces-flush", daemon=True)
        flush.start()
        flush.join(FLUSH_SECONDS)


@contextmanager
def _traced(
    tracer: Tracer,
    name: str,
    attributes: Attributes,
    *,
    context: Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> Iterator[None]:
    with tracer.start_as_current_span(
        name,
        context,
        kind,
        _exported(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as one:
        try:
            yield
        except TranscriptionError as error:
            _fail(one, error.code)
            raise
        except Exception as error:
            _fail(one, type(error).__name__)
            raise


def _fail(one: Span, code: str) -> None:
    one.set_attribute("error.type", code)
    one.set_status(StatusCode.ERROR)


def _exported(attributes: Attributes) -> dict[str, Any]:
    return {f"utter.{name}": value for name, value in attributes.items() if value is not None}
