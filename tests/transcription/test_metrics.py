"""The metrics of a process."""

import asyncio
import sys
from typing import get_args

import pytest

from shared_schema.errors import ERRORS
from transcription.ledger.base import Kind
from transcription.process.metrics import Metrics, Status


@pytest.mark.parametrize("kind", get_args(Kind))
def test_counting_begins_at_nought(kind: Kind) -> None:
    """Every code, outcome and failure is reported as zero before it first happens."""
    metrics = Metrics()
    metrics.expect(kind, ["mistral", "vllm"])
    told = metrics.registry.get_sample_value
    for code in ERRORS:
        assert told("utter_errors_total", {"kind": kind, "code": code}) == 0
    for status in get_args(Status):
        assert told("utter_transcriptions_total", {"kind": kind, "status": status}) == 0
    for reason in ("key_refused", "provider_unavailable"):
        labels = {"provider": "vllm", "reason": reason}
        assert told("utter_provider_failures_total", labels) == 0
    assert told("utter_cost_microdollars_total", {"kind": kind}) == 0


def test_a_process_tells_nothing_of_the_other_kind() -> None:
    """Functions have no live sessions, and pretend none."""
    metrics = Metrics()
    metrics.expect("batch", ["mistral"])
    labels = {"kind": "realtime", "code": "internal"}
    assert metrics.registry.get_sample_value("utter_errors_total", labels) is None
    refusal = {"reason": "origin"}
    assert metrics.registry.get_sample_value("utter_handshakes_refused_total", refusal) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_process_tells_what_it_uses() -> None:
    """Memory, processor time and open files are told beside what the process does."""
    told = Metrics().registry.get_sample_value
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
        assert (told(name) or 0) > 0, name


async def test_tasks_are_counted_from_another_thread() -> None:
    """A scrape, which has a thread of its own, sees the tasks that there are at that moment."""
    metrics = Metrics()
    metrics.count_tasks(asyncio.get_running_loop())

    async def told() -> float:
        count = await asyncio.to_thread(metrics.registry.get_sample_value, "utter_tasks")
        return count or 0.0

    before = await told()
    waiting = [asyncio.create_task(asyncio.Event().wait()) for _ in range(3)]
    assert await told() == before + 3
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert await told() == before
