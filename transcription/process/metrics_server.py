"""`GET /metrics` on a port of its own, which is not public."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from transcription.process.metrics import Metrics

_POLL_SECONDS: Final = 0.05
"""How soon the thread sees that it is to end; the library's own server takes half a second."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Scrapes are not worth a line."""


@contextmanager
def serve_metrics(metrics: Metrics, host: str, port: int) -> Iterator[int]:
    """Serve the metrics from threads for as long as the block runs; gives the port.

    Args:
        metrics: What is served.
        host: Address to listen on.
        port: Port to listen on; 0 takes any that is free.
    """
    # A thread for each scrape: one that says nothing must hold up neither the others nor the end.
    server = make_server(
        host, port, make_wsgi_app(metrics.registry), ThreadingWSGIServer, handler_class=_Quiet
    )
    thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
