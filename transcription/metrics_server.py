"""`GET /metrics` on a port of its own, which is not public."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from transcription.metrics import Metrics


@contextmanager
def serve_metrics(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Serve the metrics from a thread for as long as the block runs; gives the port.

    Args:
        metrics: What is served.
        host: Address to listen on.
        port: Port to listen on; 0 takes any that is free.
    """
    server, thread = start_http_server(port, host, registry=metrics.registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
