"""What every test may rely on."""

import gc
import os
import shutil
import tempfile
from collections import Counter
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from respx.mocks import HTTPCoreMocker
from xdist.remote import Producer

from tests import scratch
from tests.audio_files import write_audio
from tests.database import database, postgres, postgres_binaries
from tests.gateway import gateway
from tests.needs import ROOT, left_out
from tests.processes import MARKER, Processes
from tests.scheduling import Scheduling

__all__ = ["database", "gateway", "postgres", "postgres_binaries"]

# How long a busy machine takes for an example says nothing of the code.
settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")

# The provider's SDK rides on httpx2, whose core respx does not know by itself.
HTTPCoreMocker.add_targets("httpcore2._async.connection_pool.AsyncConnectionPool")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Add the marker that `make check` goes by, and choose where files are kept."""
    if config.option.basetemp is None and (folder := scratch.folder(os.getpid())):
        config.option.basetemp = folder / "pytest"  # which pytest empties when it begins
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)  # also of what tests start
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    config.addinivalue_line("markers", f"{MARKER}: starts a program, or a fixture of it does")
    config.pluginmanager.register(Processes())
    gc.disable()  # until all is collected: nothing of it is garbage


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what lives as long as the tests do."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the suites that this machine cannot run."""
    out = tuple(ROOT / suite for suite in left_out())
    gone = [one for one in items if any(one.path.is_relative_to(suite) for suite in out)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [one for one in items if one not in set(gone)]
    if hasattr(config, "workerinput"):
        # Files of few tests are the slow ones. Begun last, they would keep one worker busy alone.
        sizes = Counter(one.path for one in items)
        items.sort(key=lambda one: sizes[one.path])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Choose which worker runs which tests."""
    return Scheduling(config, log) if config.option.dist == "loadfile" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the suites that were left out, and why."""
    for suite, need in left_out().items():
        terminalreporter.write_line(f"left out: {suite} (this machine has no {need})")


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds of sound, as WAV."""
    folder = tmp_path_factory.mktemp("speech")
    return write_audio(folder / "speech.wav", "wav", seconds=4.0, rate=16_000).read_bytes()
