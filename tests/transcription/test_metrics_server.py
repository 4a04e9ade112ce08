"""The page of metrics."""

import socket
import threading

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from transcription.process.metrics import Metrics
from transcription.process.metrics_server import serve_metrics


def _get(port: int) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_the_page_is_prometheus_own() -> None:
    """The page can be read by Prometheus, and what was counted stands on it."""
    metrics = Metrics()
    metrics.transcriptions.labels("realtime", "complete").inc()
    with serve_metrics(metrics, "127.0.0.1", 0) as port:
        page = _get(port)
    assert page.headers["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    (sample,) = (
        one for one in families["utter_transcriptions"].samples if one.name.endswith("_total")
    )
    assert sample.value == 1
    assert all(family.documentation for family in families.values())


def test_two_processes_count_apart() -> None:
    """Metrics have a registry of their own, so that two may be in one process."""
    Metrics().audio_seconds.labels("realtime").inc(5)
    other = Metrics().registry.get_sample_value("utter_audio_seconds_total", {"kind": "realtime"})
    assert not other


def test_nothing_is_left_when_it_ends() -> None:
    """The end gives back the port and the thread, though a silent connection is still open."""
    before = set(threading.enumerate())
    with serve_metrics(Metrics(), "127.0.0.1", 0) as port:
        silent = socket.create_connection(("127.0.0.1", port))
        assert _get(port).status_code == 200
    with silent, pytest.raises(httpx.ConnectError):
        _get(port)
    assert {thread for thread in threading.enumerate() if not thread.daemon} <= before


def test_a_port_that_is_taken_is_an_error() -> None:
    """A busy port is told at once."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
        serve_metrics(Metrics(), "127.0.0.1", taken.getsockname()[1]),
    ):
        pass
