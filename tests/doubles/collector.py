"""A collector of traces on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """Takes OTLP over HTTP, or says nothing."""

    silent: bool = False
    url: str = ""
    paths: list[str] = field(default_factory=list)
    batches: list[ExportTraceServiceRequest] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """Every span that came."""
        return [
            span
            for batch in self.batches
            for resource in batch.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def services(self) -> set[str]:
        """The names of the services that sent them."""
        return {
            _service(resource.resource)
            for batch in self.batches
            for resource in batch.resource_spans
        }

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


def _service(resource: Resource) -> str:
    [name] = [one.value.string_value for one in resource.attributes if one.key == "service.name"]
    return str(name)


@asynccontextmanager
async def collecting(*, silent: bool = False) -> AsyncIterator[Collector]:
    """Serve a collector."""
    collector = Collector(silent)
    server = await asyncio.start_server(collector.answer, "127.0.0.1", 0)
    async with server:
        collector.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield collector
