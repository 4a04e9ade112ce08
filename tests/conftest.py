"""What every test may rely on."""

import pytest
from respx.mocks import HTTPCoreMocker

from tests.needs import ROOT, left_out

# The provider's SDK rides on httpx2, whose core respx does not know by itself.
HTTPCoreMocker.add_targets("httpcore2._async.connection_pool.AsyncConnectionPool")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the suites that this machine cannot run."""
    out = tuple(ROOT / suite for suite in left_out())
    gone = [one for one in items if any(one.path.is_relative_to(suite) for suite in out)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [one for one in items if one not in set(gone)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the suites that were left out, and why."""
    for suite, need in left_out().items():
        terminalreporter.write_line(f"left out: {suite} (this machine has no {need})")
