"""Fixtures of the functions' tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from local_stack.postgres import Postgres
from local_stack.provider import Script
from tests.edge_functions.world import World, running
from tests.local_stack.world import Person
from tests.own_keys import RING
from tests.wires import MISTRAL, Wire
from transcription.providers.registry import PROVIDERS

Worlds = Callable[[Wire], Awaitable[World]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def worlds(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worlds]:
    """One world for each wire, for all tests that leave nothing behind, and prove it."""
    async with AsyncExitStack() as stack:
        opened: dict[str, World] = {}

        async def world_of(wire: Wire) -> World:
            if str(wire) not in opened:
                folder = tmp_path_factory.mktemp(f"functions-{wire}")
                opened[str(wire)] = await stack.enter_async_context(
                    running(
                        postgres,
                        folder,
                        wire=wire,
                        byok_enabled=PROVIDERS[wire.name].takes_own_keys,
                        byok_keys=RING,
                    )
                )
            return opened[str(wire)]

        yield world_of


@pytest.fixture
def wire() -> Wire:
    """The usual wire; `over_all_wires` gives a test each of them."""
    return MISTRAL


@pytest_asyncio.fixture(loop_scope="session")
async def shared(worlds: Worlds, wire: Wire) -> World:
    """The wire's world."""
    return await worlds(wire)


@pytest.fixture
def world(shared: World) -> World:
    """The shared world; its provider says what it says by default."""
    shared.engine.script = Script(text="one two three")
    shared.provider.requests.clear()
    shared.refused_keys.clear()
    return shared


@pytest_asyncio.fixture(loop_scope="session")
async def ada(world: World) -> Person:
    """Someone with an account."""
    return await world.stack.person(f"{uuid4()}@example.com")


@pytest_asyncio.fixture(loop_scope="session")
async def bob(world: World) -> Person:
    """Someone else."""
    return await world.stack.person(f"{uuid4()}@example.com")


@pytest_asyncio.fixture(loop_scope="session")
async def http(world: World, ada: Person) -> AsyncIterator[httpx.AsyncClient]:
    """Ada's client."""
    async with world.signed_in(ada) as client:
        yield client
