"""Fixtures of the contract's tests: each case is asked of every target."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from local_stack.postgres import Postgres
from local_stack.provider import Script
from tests.contract.world import TARGETS, Target, target_of, targets
from tests.local_stack.world import Person
from tests.processes import MARKER


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def everyone(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Target]]:
    """All targets, for tests that leave nothing behind, and prove it."""
    async with targets(postgres, tmp_path_factory.mktemp("contract")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def patient(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Target]]:
    """Targets that wait for a busy machine to move large files."""
    folder = tmp_path_factory.mktemp("patient")
    async with targets(postgres, folder, provider_file_seconds=60) as opened:
        yield opened


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, everyone: Mapping[str, Target]) -> Target:
    """One target; its provider says what it says by default."""
    one = everyone[request.param]
    one.engine.script = Script(text="one two three")
    one.provider.requests.clear()
    return one


@pytest_asyncio.fixture(loop_scope="session")
async def ada(target: Target) -> Person:
    """Someone with an account."""
    return await target.stack.person(f"{uuid4()}@example.com")


@pytest_asyncio.fixture(loop_scope="session")
async def bob(target: Target) -> Person:
    """Someone else."""
    return await target.stack.person(f"{uuid4()}@example.com")


@pytest_asyncio.fixture(loop_scope="session")
async def http(target: Target, ada: Person) -> AsyncIterator[httpx.AsyncClient]:
    """Ada's client."""
    async with target.signed_in(ada) as client:
        yield client


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is asked of the Edge Functions: Deno runs them."""
    for item in items:
        if "/contract/" in item.nodeid and target_of(item.nodeid) == "deno":
            item.add_marker(MARKER)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many cases of the contract each target was asked."""
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call" and "/contract/" in report.nodeid:
                counts.update(filter(None, [target_of(report.nodeid)]))
    if counts:
        told = ", ".join(f"{name} {counts[name]}" for name in TARGETS)
        terminalreporter.write_line(f"contract: cases by target: {told}")
