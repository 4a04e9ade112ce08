"""A bridge on loopback with all its neighbours, and a client that speaks the raw protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from shared_schema.audio import FRAME_BYTES
from shared_schema.base import REALTIME_PATH
from tests.doubles.auth import Issuer, serve_issuer
from tests.doubles.ledger import MemoryLedger
from transcription.settings import Settings
from ws_bridge.app import App

SILENCE = bytes(FRAME_BYTES)
VOICE = b"".join(
    (3000 if sample % 80 < 40 else -3000).to_bytes(2, "little", signed=True)
    for sample in range(FRAME_BYTES // 2)
)
START: dict[str, Any] = {
    "type": "start",
    "v": 1,
    "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
}


@dataclass
class Ended:
    """All that a socket gave until it was closed."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one type."""
        return [message for message in self.messages if message["type"] == kind]

    @property
    def text(self) -> str:
        """The deltas, joined."""
        return "".join(message["text"] for message in self.of("delta"))


class Talk:
    """A client's socket, raw."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard = Ended()

    async def send(self, message: dict[str, Any] | bytes | str) -> None:
        """Send a message as JSON, a text as it is, or a frame."""
        await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def next(self, *kinds: str) -> dict[str, Any]:
        """Read until a message of one of these types comes, and return it."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            self.heard.messages.append(message)
            if not kinds or message["type"] in kinds:
                return message

    async def ended(self) -> Ended:
        """Read until the socket is closed."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            self.heard.close_code = closed.rcvd.code if closed.rcvd is not None else None
        return self.heard


@dataclass
class World:
    """A running bridge and its neighbours."""

    app: App
    url: str
    metrics_url: str
    issuer: Issuer
    ledger: MemoryLedger
    engine: ScriptedEngine
    provider: ProviderServer

    @asynccontextmanager
    async def talk(self, **options: Any) -> AsyncIterator[Talk]:
        """Open a socket."""
        async with connect(self.url, compression=None, proxy=None, **options) as socket:
            yield Talk(socket)

    def start(self, **fields: Any) -> dict[str, Any]:
        """Return a `start` message with a good token."""
        return {**START, "access_token": self.issuer.token(), **fields}

    @asynccontextmanager
    async def session(self, **fields: Any) -> AsyncIterator[Talk]:
        """Open a socket and start; `ready` has been read."""
        async with self.talk() as talk:
            await talk.send(self.start(**fields))
            await talk.next("ready")
            yield talk

    async def get(self, path: str) -> httpx.Response:
        """Ask the bridge's port over plain HTTP."""
        async with httpx.AsyncClient() as client:
            return await client.get(
                self.url.replace("ws://", "http://").removesuffix(REALTIME_PATH) + path
            )

    async def is_clean(self, upstreams: int) -> None:
        """Wait until nothing of any session is left: places, grants, upstream sockets, tasks."""
        await until(lambda: len(self.app.bridge) == 0)
        assert self.ledger.open_sessions == []
        assert len(self.provider.sessions) == upstreams
        for record in self.provider.sessions:
            await asyncio.wait_for(record.closed.wait(), 5)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert not names & {"reader", "conversation", "reserve", "connect"}


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the world under test sets no event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(script: Script | None = None, **settings: Any) -> AsyncIterator[World]:
    """Run a bridge over a scripted provider; `settings` replace the tests' own."""
    engine = ScriptedEngine(script if script is not None else Script())
    ledger = MemoryLedger()
    async with (
        serve_issuer() as issuer,
        serve(engine, host="127.0.0.1", port=0) as provider,
        httpx.AsyncClient() as http,
    ):
        values: dict[str, Any] = {
            "_env_file": None,
            "supabase_url": issuer.url,
            "supabase_publishable_key": "sb_publishable_test",
            "supabase_secret_key": "sb_secret_test",
            "mistral_api_key": "test-key",
            "mistral_server_url": provider.url,
            "allowed_origins": "http://page.test",
            "bridge_port": 0,
            "bridge_metrics_port": 0,
        }
        app = App(Settings(**(values | settings)), ledger=ledger, http=http)
        async with app.serving() as address:
            base = f"ws://127.0.0.1:{address.port}{REALTIME_PATH}"
            metrics_url = f"http://127.0.0.1:{address.metrics_port}/metrics"
            yield World(app, base, metrics_url, issuer, ledger, engine, provider)
