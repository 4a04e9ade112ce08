"""One recording over two providers: the client and the real bridge, and the ledger in Postgres."""

import ssl
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
from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from tests.doubles.numbered_audio import at_once
from tests.local_stack.world import Person, open_world
from tests.local_stack.world import World as Stack
from tests.utter_transcribe.listener import Listener
from tests.waiting import until
from tests.wires import MISTRAL, VLLM
from tests.ws_bridge.world import VOICE
from transcription.process import shell
from transcription.rpc import connect
from transcription.settings import Settings
from transcription.user_keys.providers import lending
from utter_transcribe.audio import paced
from utter_transcribe.events import Opened, Reconnecting, Result
from utter_transcribe.link import Patience
from utter_transcribe.live import LiveTranscription
from ws_bridge.app import App

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.process,
    pytest.mark.timeout(120),
]

FRAMES = 60
"""Six seconds of voice."""
WORDS = " ".join(f"{a}{b}" for a in "bcdfg" for b in ("an", "en", "in", "on", "un", "aw"))
"""One for each 200 ms, so that what is missing or said twice shows."""
PRICE = {"mistral": 6000, "vllm": 0}
"""Micro-dollars a minute."""
CONNECT_SECONDS = 1.5
PATIENT = Patience(ready=60, ack=30)


@dataclass
class Pair:
    """A bridge over two providers, and everything beside it that is real."""

    url: str
    stack: Stack
    first: ScriptedEngine
    second: ScriptedEngine
    servers: tuple[ProviderServer, ProviderServer]

    async def recorded(self, person: Person) -> tuple[Result, Listener]:
        """Let someone record."""
        listener = Listener()

        async def token(*, fresh: bool = False) -> str:
            return await person.token()

        live = LiveTranscription(self.url, token, on_event=listener, patience=PATIENT)
        return await live.run(paced(at_once(VOICE * FRAMES), speed=2)), listener

    async def charges(self, person: Person) -> list[dict[str, Any]]:
        """Return what the ledger has of someone, in order, once all is settled."""

        async def settled() -> bool:
            return all(row["status"] != "open" for row in await self._rows(person))

        await until(settled)
        return await self._rows(person)

    async def _rows(self, person: Person) -> list[dict[str, Any]]:
        return await self.stack.execute(
            "select provider, status, reason, charged_seconds::float as seconds,"
            " granted_seconds::float as granted, microdollars_per_minute as price,"
            " cost_microdollars as cost from public.transcription_usage"
            " where user_id = %s order by opened_at, step",
            person.id,
        )


@asynccontextmanager
async def pair(postgres: Postgres, folder: Path) -> AsyncIterator[Pair]:
    """Run them: Mistral's wire, then vLLM's."""
    first, second = MISTRAL.engine(), VLLM.engine()
    async with (
        open_world(postgres, folder) as stack,
        serve(first, wire=MISTRAL.served.wire()) as one,
        serve(second, wire=VLLM.served.wire()) as two,
        httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http,
    ):
        values: dict[str, Any] = {
            "_env_file": None,
            "supabase_url": stack.supabase.url,
            "supabase_publishable_key": stack.supabase.keys.publishable,
            "supabase_secret_key": stack.supabase.keys.secret,
            "transcription_providers": "mistral,vllm",
            "mistral_api_key": "local",
            "mistral_server_url": one.url,
            "vllm_server_url": two.url,
            "bridge_port": 0,
            "bridge_metrics_port": 0,
            "provider_connect_seconds": CONNECT_SECONDS,
            "provider_stall_seconds": 1.0,
            "provider_health_seconds": 3600,
        }
        settings = Settings(**values)
        async with (
            connect(settings.supabase_url, settings.supabase_secret_key) as rpc,
            shell.opened(settings, "realtime", http=http, rpc=rpc) as parts,
            lending(lambda each: each.realtime, parts.providers, None) as providers,
            App(parts, providers).serving() as address,
        ):
            await parts.warm.wait()
            url = f"http://127.0.0.1:{address.port}"
            yield Pair(url, stack, first, second, (one, two))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """One pair for all tests: each has a person of its own."""
    async with pair(postgres, tmp_path_factory.mktemp("pair")) as found:
        yield found


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every recording find out anew how the first is."""
    monkeypatch.setattr("transcription.providers.breaker.FIRST_PAUSE_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("fault", "reconnects"),
    [
        ({"refuse_status": 503}, 0),
        ({"connect_delay_ms": 4000}, 0),
        ({"refuse_status": 429}, 0),
        ({"drop_at_frame": 40}, 1),
        ({"stall_at_frame": 10}, 1),
    ],
    ids=["refuses", "hangs", "is-busy", "drops", "stalls"],
)
async def test_a_recording_has_every_word_once(
    two: Pair, fault: dict[str, Any], reconnects: int
) -> None:
    """Whatever the first does, the text is whole; each is charged what it was handed."""
    two.first.script = Script(text=WORDS, rest_at_end=False, **fault)
    two.second.script = Script(text=WORDS, rest_at_end=False)
    person = await two.stack.person(f"{uuid4()}@example.com")
    result, listener = await two.recorded(person)
    assert (result.status, result.text) == ("complete", WORDS)
    assert result.reconnects == reconnects
    assert [one.model for one in listener.of(Opened)][-1] == VLLM.live_model
    assert len(listener.of(Reconnecting)) == reconnects
    rows = await two.charges(person)
    assert [row["provider"] for row in rows] == ["mistral", "vllm"]
    assert [row["price"] for row in rows] == [PRICE[row["provider"]] for row in rows]
    handed = [len(server.sessions[-1].audio) / 32_000 for server in two.servers]
    failed, served = rows
    assert served["seconds"] == pytest.approx(handed[1], abs=0.001)
    assert served["status"] == "complete"
    if reconnects:
        # What the socket had taken, and the provider had not read yet, is charged as well.
        assert handed[0] <= failed["seconds"] <= FRAMES / 10
    else:
        assert (failed["seconds"], failed["status"]) == (0.0, "failed")
    assert failed["cost"] == -(-failed["seconds"] * PRICE["mistral"] // 60)


async def test_both_together_never_get_more_than_the_limit(two: Pair) -> None:
    """What the first was handed is gone from the day, and the second ends where the day does."""
    limit = 7.0
    two.first.script = Script(text=WORDS, rest_at_end=False, drop_at_frame=40)
    two.second.script = Script(text=WORDS, rest_at_end=False)
    person = await two.stack.person(f"{uuid4()}@example.com")
    await two.stack.execute(
        "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'realtime', %s)"
        " returning user_id",
        person.id,
        limit,
    )
    result, _ = await two.recorded(person)
    rows = await two.charges(person)
    assert [row["provider"] for row in rows] == ["mistral", "vllm"]
    assert sum(row["seconds"] for row in rows) <= limit
    assert (result.status, result.reason) == ("complete", "quota_exceeded")
    handed = len(two.servers[1].sessions[-1].audio) / 32_000
    assert handed == pytest.approx(rows[1]["granted"], abs=0.001)
