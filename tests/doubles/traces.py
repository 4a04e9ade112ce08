"""Spans, kept in memory by the SDK's own exporter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from transcription.process.tracing import processing


@dataclass
class Traces:
    """What was exported."""

    exporter: InMemorySpanExporter

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All spans, in the order in which they ended."""
        return self.exporter.get_finished_spans()

    def one(self, name: str) -> ReadableSpan:
        """Return the only span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def tree(self) -> dict[str, str | None]:
        """Return every span's name and its parent's; None where that is not of ours."""
        names = {span.context.span_id: span.name for span in self.spans if span.context}
        assert len(names) == len(self.spans) == len({span.name for span in self.spans})
        return {
            span.name: names.get(span.parent.span_id) if span.parent is not None else None
            for span in self.spans
        }

    def told(self) -> str:
        """Return all that left the process, as text."""
        return "\n".join(span.to_json() for span in self.spans)


@contextmanager
def traced() -> Iterator[Traces]:
    """Keep the spans of the block."""
    exporter = InMemorySpanExporter()
    with processing(SimpleSpanProcessor(exporter), service="utter-test"):
        yield Traces(exporter)
