"""What is known of the provider: from its work, and from what it says when it is asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from local_stack.provider import ProviderServer, serve
from local_stack.provider.vllm.wire import VllmWire
from tests.waiting import until
from tests.wires import VLLM
from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.health import ProviderHealth


@asynccontextmanager
async def asking(health: ProviderHealth) -> AsyncIterator[None]:
    """Ask for as long as the block runs."""
    task = asyncio.create_task(health.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _health(url: str | None, *, every: float = 0.02) -> ProviderHealth:
    return ProviderHealth("vllm", url, every_seconds=every)


def test_nothing_is_known_at_first() -> None:
    """Before the first word of it a provider is unknown, and not well."""
    assert _health(None).told() == {"name": "vllm", "state": "unknown"}


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ProviderUnavailable(), "failing", "provider_unavailable"),
        (ProviderRateLimited(), "failing", "provider_rate_limited"),
        (ProviderKeyRefused(), "failing", "key_refused"),
        (ProviderRejected("odd audio"), "well", None),
    ],
)
def test_the_latest_outcome_counts(error: ProviderError, state: str, reason: str | None) -> None:
    """What became of the latest work is what is told, with its age; a refusal is an answer."""
    now = 100.0
    health = ProviderHealth("vllm", None, every_seconds=1, clock=lambda: now)
    health.failed(error)
    now = 107.25
    told = health.told()
    assert (told["state"], told.get("reason"), told["seconds_ago"]) == (state, reason, 7.2)
    health.worked()
    assert health.told() == {"name": "vllm", "state": "well", "seconds_ago": 0.0}


@asynccontextmanager
async def _served(wire: VllmWire) -> AsyncIterator[ProviderServer]:
    async with serve(VLLM.engine(), wire=wire) as server:
        yield server


async def test_it_is_asked_again_and_again() -> None:
    """A provider that can be asked is asked; what it says, or that it is gone, is told."""
    wire = VllmWire("key")
    async with _served(wire) as server:
        health = _health(f"{server.url}/health")
        async with asking(health):
            await until(lambda: health.told()["state"] == "well")
            wire.healthy = False
            await until(lambda: health.told().get("reason") == "status_503")
            wire.healthy = True
            await until(lambda: health.told()["state"] == "well")
            await server.close()
            await until(lambda: health.told().get("reason") == "no_answer")


async def test_it_may_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that accepts and says nothing has not answered."""
    monkeypatch.setattr("transcription.providers.health.ASK_SECONDS", 0.1)
    silent = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        health = _health(f"http://127.0.0.1:{port}/health")
        async with asking(health):
            await until(lambda: health.told().get("reason") == "no_answer")
        silent.set()


async def test_a_fault_of_the_question_ends_nothing() -> None:
    """An address that is none is told like any silence; the process that asks goes on."""
    health = _health("http://[none/health")
    async with asking(health):
        await until(lambda: health.told().get("reason") == "no_answer")


async def test_who_cannot_be_asked_is_not() -> None:
    """Without a place to ask, the asking is over at once."""
    await asyncio.wait_for(_health(None).run(), 1)
