"""Faults of our own in the processes that read uploaded audio."""

import asyncio
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from tests.audio_files import write_audio
from tests.transcription.test_audio import LIMITS, Stuck, workers
from tests.waiting import until
from transcription.audio import process
from transcription.audio.inspection import AudioInspector
from transcription.errors import InternalError, InvalidAudio
from transcription.process.metrics import AudioFailure

UNEXPECTED = "unexpected keyword argument 'metadata_errors'"
BROKEN_WHILE = f"""
import pathlib, sys, av
real = av.open
def opened(*given, **options):
    if pathlib.Path(sys.argv[1]).exists():
        raise TypeError({UNEXPECTED!r})
    return real(*given, **options)
av.open = opened
from transcription.audio import worker
worker.main()
"""
"""A worker whose PyAV takes other arguments than ours while a file is there."""


class Fault:
    """Makes every worker's PyAV another than the one that we know."""

    def __init__(self, switch: Path) -> None:
        self._switch = switch

    def begin(self) -> None:
        """From now on."""
        self._switch.touch()

    def end(self) -> None:
        """Up to now."""
        self._switch.unlink()


@pytest.fixture
def fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fault:
    """What can be wrong with a worker."""
    switch = tmp_path / "broken"
    command = shlex.join([sys.executable, "-c", BROKEN_WHILE, str(switch)])
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\nexec {command}\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    return Fault(switch)


@pytest.mark.process
async def test_a_fault_of_ours_is_an_internal_error(fault: Fault, tmp_path: Path) -> None:
    """An exception of ours is logged in full and counted, and is not told as a damaged file."""
    good, failures = write_audio(tmp_path / "good"), list[AudioFailure]()
    async with AudioInspector(LIMITS, failed=failures.append) as inspector:
        fault.begin()
        with capture_logs() as logs, pytest.raises(InternalError) as caught:
            await inspector.inspect(good)
        [line] = logs
        assert (line["event"], line["reason"]) == ("audio_worker_failed", "internal")
        assert line["error_id"] == caught.value.error_id
        assert line["traceback"].endswith(f"TypeError: {UNEXPECTED}\n")
        assert failures == ["internal"]
        fault.end()
        assert (await inspector.inspect(good)).duration_seconds == 5.0


@pytest.mark.process
def test_it_starts_without_the_contracts_models() -> None:
    """A worker imports no pydantic, which would double the time and the CPU of its start."""
    imported = "import sys, transcription.audio.worker; print('pydantic' in sys.modules)"
    told = subprocess.run(  # noqa: S603 - our own command
        (sys.executable, "-c", imported), capture_output=True, check=True
    )
    assert told.stdout == b"False\n"


@pytest.mark.process
async def test_a_worker_that_cannot_read_does_not_start(fault: Fault) -> None:
    """A worker reads a good file before it is ready; where it cannot, the log says why."""
    fault.begin()
    failures = list[AudioFailure]()
    with capture_logs() as logs, pytest.raises(ExceptionGroup) as caught:
        async with AudioInspector(LIMITS, failed=failures.append):
            pass
    assert caught.group_contains(InternalError)
    [line] = logs
    assert (line["event"], line["reason"]) == ("audio_worker_failed", "start")
    assert UNEXPECTED in line["stderr"]
    assert failures == ["start"]


@pytest.mark.process
async def test_it_is_not_ready_until_its_worker_starts_again(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a lost worker does not start again, no work is sent here; asking starts it."""
    monkeypatch.setattr(process, "RETRY_SECONDS", 0.0)
    good = write_audio(tmp_path / "good")
    before = set(psutil.Process().children())
    async with AudioInspector(LIMITS) as inspector:
        assert await inspector.ready()
        [worker] = set(psutil.Process().children()) - before
        fault.begin()
        worker.kill()
        await until(lambda: not worker.is_running())
        for _ in range(2):  # the first may still be given to the worker that was lost
            with pytest.raises(InternalError):
                await inspector.inspect(good)
        assert not await inspector.ready()
        fault.end()
        assert await inspector.ready()
        assert (await inspector.inspect(good)).duration_seconds == 5.0


@pytest.mark.process
@pytest.mark.parametrize(
    ("number", "error", "reason"),
    [
        (signal.SIGKILL, InternalError, "internal"),
        (signal.SIGSEGV, InvalidAudio, "crash"),
        (signal.SIGXCPU, InvalidAudio, "timeout"),
    ],
)
async def test_the_end_of_a_worker_tells_whose_fault_it_was(
    tmp_path: Path, number: int, error: type[Exception], reason: AudioFailure
) -> None:
    """A decoder's crash and a used-up share of time are the file's; any other end is ours."""
    stuck = Stuck(tmp_path / "stuck")
    before, failures = set(workers()), list[AudioFailure]()
    async with AudioInspector(LIMITS, failed=failures.append) as inspector:
        [worker] = set(workers()) - before
        asked = asyncio.create_task(inspector.to_16k_wav(stuck.path, tmp_path / "copy"))
        await stuck.is_read()
        worker.send_signal(number)
        with pytest.raises(error):
            await asked
    stuck.close()
    assert failures == [reason]
