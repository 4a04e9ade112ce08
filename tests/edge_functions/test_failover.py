"""Two providers behind the functions: a file goes to the second where the first surely failed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, ProviderServer, Script, ScriptedEngine, serve
from tests.edge_functions.world import PATH, World, events, problem, running, wav
from tests.local_stack.world import Person
from tests.wires import MISTRAL, VLLM, Wire

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.process]

FIRST, SECOND = "what the first says", "the words of the second"
STREAM = {"Accept": "text/event-stream"}
DEADLINE_SECONDS = 4.0


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file find out anew how the first is."""
    monkeypatch.setattr("transcription.providers.breaker.FIRST_PAUSE_SECONDS", 0.0)


@dataclass
class Pair:
    """Functions over two providers, and someone who is signed in."""

    world: World
    second: ProviderServer
    engine: ScriptedEngine
    """Of the second."""
    ada: Person
    http: httpx.AsyncClient
    sound: bytes

    async def sent(self, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """Send a file of four seconds."""
        return await self.http.post(
            PATH, files={"audio": self.sound}, headers=headers or {}, data=fields
        )

    async def new_rows(self, before: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Return what was settled since: provider, status, seconds and micro-dollars."""
        rows = (await self.world.usage_of(self.ada))[len(before) :]
        return [
            (row["provider"], row["status"], row["charged"], row["cost_microdollars"])
            for row in rows
        ]


@asynccontextmanager
async def pair(
    postgres: Postgres, folder: Path, first: Wire, second: Wire, **settings: Any
) -> AsyncIterator[Pair]:
    """Run them."""
    engine = second.engine(Script(text=SECOND))
    async with serve(engine, wire=second.served.wire()) as server:
        values = {
            **second.settings(server.url),
            "transcription_providers": (first.name, second.name),
            "transcription_provider": "mistral",
        }
        async with running(postgres, folder, wire=first, **(values | settings)) as world:
            ada = await world.stack.person("ada@example.com")
            async with world.signed_in(ada) as http:
                yield Pair(world, server, engine, ada, http, wav(folder).read_bytes())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Mistral's wire, then vLLM's."""
    folder = tmp_path_factory.mktemp("pair")
    limits = {"provider_file_seconds": DEADLINE_SECONDS}
    async with pair(postgres, folder, MISTRAL, VLLM, **limits) as two:
        yield two


@pytest_asyncio.fixture(loop_scope="session")
async def two(both: Pair) -> Pair:
    """Both, as someone else sees them; the second is well."""
    both.engine.script = Script(text=SECOND)
    both.second.requests.clear()
    both.ada = await both.world.stack.person(f"{uuid4()}@example.com")
    both.http.headers["Authorization"] = f"Bearer {await both.ada.token()}"
    return both


async def test_a_file_that_the_first_does_not_take(two: Pair) -> None:
    """The second is sent it, once, whole or streamed, and only what was done is charged."""
    faults = [
        BatchScript(status=429),
        BatchScript(status=503),
        BatchScript(status=500),
        BatchScript(status=401),
        BatchScript(status=400),
        BatchScript(drop_after_events=0),
        BatchScript(body="no JSON"),
    ]
    for fault in faults:
        for headers in ({}, STREAM):
            before = await two.world.usage_of(two.ada)
            asked = len(two.world.provider.requests), len(two.second.requests)
            two.world.engine.script = Script(text=FIRST, batch=fault)
            answer = await two.sent(headers)
            assert answer.status_code == 200, (fault, answer.text)
            told = events(answer.text) if headers else [answer.json()]
            assert told[-1]["text"] == SECOND
            assert told[-1]["model"] == VLLM.file_model
            said = "".join(one["text"] for one in told[:-1])
            assert said == (SECOND if headers else "")
            assert await two.new_rows(before) == [
                ("mistral", "failed", 0.0, 0),
                ("vllm", "complete", 4.0, 0),
            ]
            now = len(two.world.provider.requests), len(two.second.requests)
            assert (now[0] - asked[0], now[1] - asked[1]) == (1, 1), fault
    await two.world.is_clean(two.ada)


async def test_words_that_were_streamed_are_not_told_again(two: Pair) -> None:
    """Where the first breaks off in the middle, the second's text comes with the end."""
    two.world.engine.script = Script(text=FIRST, batch=BatchScript(drop_after_events=2))
    told = events((await two.sent(STREAM)).text)
    assert [one["type"] for one in told[:-1]] == ["delta"] * (len(told) - 1)
    said = "".join(one["text"] for one in told[:-1])
    assert said
    assert FIRST.startswith(said)
    assert (told[-1]["type"], told[-1]["text"]) == ("final", SECOND)
    assert await two.new_rows([]) == [
        ("mistral", "failed", 0.0, 0),
        ("vllm", "complete", 4.0, 0),
    ]


async def test_an_engine_that_aborts_is_followed_by_the_other(
    postgres: Postgres, tmp_path: Path
) -> None:
    """VLLM's cut-off text is no answer; Mistral's is, and is charged at Mistral's price."""
    async with pair(postgres, tmp_path, VLLM, MISTRAL) as turned:
        for finish in ("abort", "error"):
            for headers in ({}, STREAM):
                before = await turned.world.usage_of(turned.ada)
                turned.world.engine.script = Script(text=FIRST, batch=BatchScript(finish=finish))
                answer = await turned.sent(headers)
                told = events(answer.text)[-1] if headers else answer.json()
                assert told["text"] == SECOND
                assert await turned.new_rows(before) == [
                    ("vllm", "failed", 0.0, 0),
                    ("mistral", "complete", 4.0, MISTRAL.file_cost),
                ]
        # What the first cannot do is refused, though the second could.
        assert problem(await turned.sent(timestamps="word")).code == "invalid_message"


async def test_where_both_fail_nothing_is_charged(two: Pair) -> None:
    """The caller is told what the last one said."""
    two.world.engine.script = Script(batch=BatchScript(status=503))
    two.engine.script = Script(batch=BatchScript(status=500))
    told = problem(await two.sent())
    assert (told.status, told.code) == (502, "provider_unavailable")
    assert [row[2] for row in await two.new_rows([])] == [0.0, 0.0]
    await two.world.is_clean(two.ada)


async def test_a_first_that_is_slow_is_not_doubled(two: Pair) -> None:
    """One that works on the file until the deadline has perhaps done it: no second is paid."""
    two.world.engine.script = Script(text=FIRST, batch=BatchScript(think_ms=5000))
    told = problem(await two.sent())
    assert told.code == "provider_unavailable"
    assert two.second.requests == []
    assert [row[0] for row in await two.new_rows([])] == ["mistral"]


async def test_wishes_that_the_second_cannot_grant_are_warned_of(two: Pair) -> None:
    """A file's options that the second does not take are left out, each with a warning."""
    two.world.engine.script = Script(batch=BatchScript(status=503))
    answer = (await two.sent(timestamps="word", context_bias="Utter")).json()
    # The page is offered what the provider in use can do.
    assert (await two.http.get("/api/config")).json()["model"] == VLLM.file_model
    assert answer["text"] == SECOND
    assert "words" not in answer
    warnings = " ".join(answer["warnings"])
    assert "timestamps" in warnings
    assert "context_bias" in warnings
