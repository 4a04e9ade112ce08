"""Fixtures of the fleet's tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from local_stack.provider import Script
from tests.fleet.world import World, running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One fleet for all: it takes seconds to start."""
    async with running(tmp_path_factory.mktemp("fleet")) as world:
        yield world


@pytest.fixture
def world(shared: World) -> World:
    """The fleet; its provider is well, and has heard nothing yet."""
    shared.engine.script = Script()
    shared.provider.sessions.clear()
    return shared
