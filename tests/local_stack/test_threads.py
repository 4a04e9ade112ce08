"""Laws of blocking work."""

import asyncio
import threading

import pytest

from local_stack.threads import finish


async def test_a_cancellation_waits_for_the_end_of_the_work() -> None:
    """However often it is cancelled, the caller goes on only when the thread is done."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(20)
        ended.set()

    running = asyncio.create_task(finish(work))
    await asyncio.to_thread(begun.wait, 20)
    for _ in range(3):
        running.cancel()
        await asyncio.sleep(0.01)
        assert not running.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


async def test_results_and_faults_come_through() -> None:
    """What the work returns or raises is the caller's."""
    assert await finish(int, "7") == 7
    with pytest.raises(ValueError, match="seven"):
        await finish(int, "seven")
