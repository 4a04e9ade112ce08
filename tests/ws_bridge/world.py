"""A bridge on loopback with all its neighbours, and a client that speaks the raw protocol."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.engine import ModelCard
from shared_schema.audio import FRAME_BYTES
from shared_schema.base import REALTIME_PATH
from shared_schema.errors import ERRORS, ErrorCode
from shared_schema.server_messages import server_message
from tests.doubles.auth import Issuer, serve_issuer
from tests.doubles.ledger import MemoryLedger
from tests.doubles.provider import HandHeldProvider
from tests.sockets import connections
from tests.waiting import until
from tests.wires import MISTRAL, Wire
from transcription.process.shell import Address, Shell
from transcription.providers.registry import bind
from transcription.settings import Settings
from transcription.user_keys.base import OwnKeys
from transcription.user_keys.providers import lending
from ws_bridge.app import App

SILENCE = bytes(FRAME_BYTES)
VOICE = b"".join(
    (peak if sample % 80 < 40 else -peak).to_bytes(2, "little", signed=True)
    for sample in range(FRAME_BYTES // 2)
    for peak in (3000 if sample < FRAME_BYTES // 4 else 300,)
)
"""Loud and soft, as voices are."""
START: dict[str, Any] = {
    "type": "start",
    "v": 1,
    "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
}
ORIGIN = "http://page.test"


@dataclass
class Ended:
    """All that a socket gave until it was closed."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one type."""
        return [message for message in self.messages if message["type"] == kind]

    @property
    def types(self) -> list[str]:
        """The messages' types, in order."""
        return [message["type"] for message in self.messages]

    @property
    def text(self) -> str:
        """The deltas, joined."""
        return "".join(message["text"] for message in self.of("delta"))

    def failed(self, code: ErrorCode) -> dict[str, Any]:
        """Assert that it ended with this error, told as the table says, and return the error.

        Where `ready` was sent, one `final` comes before it: partial, and with all the text.
        """
        row = ERRORS[code]
        assert self.close_code == row.close
        assert self.types.count("error") == 1
        error = self.messages[-1]
        assert (error["type"], error["code"]) == ("error", code)
        assert error["retryable"] is row.retryable
        assert error["message"].strip()
        if self.of("ready"):
            assert self.types.count("final") == 1
            final = self.messages[-2]
            assert (final["type"], final["status"]) == ("final", "partial")
            assert final["reason"] == code
            assert final["text"].startswith(self.text)
        else:
            assert self.types == ["error"]
        return error

    def completed(self) -> dict[str, Any]:
        """Assert that it ended well, and return the `final`."""
        assert self.close_code == 1000
        assert self.types.count("final") == 1
        assert self.of("error") == []
        final = self.messages[-1]
        assert (final["type"], final["status"]) == ("final", "complete")
        return final


class Talk:
    """A client's socket, raw. Every message that it gives must fit the contract."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard = Ended()

    async def send(self, message: dict[str, Any] | bytes | str) -> None:
        """Send a message as JSON, a text as it is, or a frame."""
        await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def next(self, *kinds: str) -> dict[str, Any]:
        """Read until a message of one of these types comes, and return it."""
        while True:
            text = await self.socket.recv(decode=True)
            server_message.validate_json(text)
            message: dict[str, Any] = json.loads(text)
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

    async def stopped(self) -> Ended:
        """Send `stop`, then read until the socket is closed."""
        await self.send({"type": "stop"})
        return await self.ended()


@dataclass
class Line:
    """The way to a bridge, and tokens that it takes."""

    url: str
    issuer: Issuer
    http: httpx.AsyncClient

    @asynccontextmanager
    async def talk(self, **options: Any) -> AsyncIterator[Talk]:
        """Open a socket."""
        async with connect(self.url, compression=None, proxy=None, **options) as socket:
            yield Talk(socket)

    def start(self, **fields: Any) -> dict[str, Any]:
        """Return a `start` message with a good token; a field of None is left out."""
        message = {**START, "access_token": self.issuer.token(), **fields}
        return {name: value for name, value in message.items() if value is not None}

    @asynccontextmanager
    async def session(self, **fields: Any) -> AsyncIterator[Talk]:
        """Open a socket and start; `ready` has been read."""
        async with self.talk() as talk:
            await talk.send(self.start(**fields))
            await talk.next("ready")
            yield talk

    async def refused(self, code: ErrorCode, **fields: Any) -> dict[str, Any]:
        """Start, assert that this is refused with `code`, and return the error."""
        async with self.talk() as talk:
            await talk.send(self.start(**fields))
            return (await talk.ended()).failed(code)

    async def get(self, path: str) -> httpx.Response:
        """Ask the bridge's port over plain HTTP."""
        base = self.url.replace("ws://", "http://").removesuffix(REALTIME_PATH)
        return await self.http.get(base + path)

    async def ready(self) -> None:
        """Wait until the bridge may take work."""

        async def is_ready() -> bool:
            # A bridge that gives strangers little time may hang up on a busy machine.
            with suppress(httpx.RemoteProtocolError):
                return (await self.get("/readyz")).status_code == 200
            return False

        await until(is_ready)


@dataclass
class World(Line):
    """A running bridge and its neighbours."""

    app: App
    metrics_url: str
    ledger: MemoryLedger
    engine: ScriptedEngine
    provider: ProviderServer
    idle_tasks: frozenset[asyncio.Task[Any]] = frozenset()

    def upstream_sockets(self) -> int:
        """Return how many sockets this process has open to the provider's port."""
        port = urlsplit(self.provider.url).port
        return sum(peer == port for _, peer in connections())

    async def is_clean(self, upstreams: int | None = None, *, provider_reads: bool = True) -> None:
        """Wait until nothing of any session is left: places, grants, upstream sockets, tasks.

        Args:
            upstreams: How many sockets were opened with the provider in all, where that is sure.
            provider_reads: False for one that could not see its sockets being closed.
        """
        await until(lambda: len(self.app.bridge) == 0)
        assert self.app.bridge.open_sessions == 0
        assert self.ledger.open_sessions == []
        assert upstreams in {None, len(self.provider.sessions)}
        await until(lambda: self.upstream_sockets() == 0)
        if provider_reads:
            for record in self.provider.sessions:
                await asyncio.wait_for(record.closed.wait(), 5)
            ours = self.idle_tasks | {asyncio.current_task()}
            await until(lambda: asyncio.all_tasks() <= ours)


def plain_http() -> httpx.AsyncClient:
    """Return a client for loopback."""
    # Nothing there speaks TLS, and loading the trust store would be the slowest part of a start.
    return httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[tuple[App, Address]]:
    """Let a bridge listen."""
    async with app.serving() as address:
        yield app, address


@asynccontextmanager
async def running(
    script: Script | None = None,
    *,
    wire: Wire = MISTRAL,
    auth_down: bool = False,
    ledger_away: bool = False,
    provider: HandHeldProvider | None = None,
    cards: Sequence[ModelCard] | None = None,
    own_keys: OwnKeys | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Run a bridge over a scripted provider.

    Args:
        script: What the provider says.
        wire: How it says it.
        auth_down: Whether the signing keys cannot be fetched at first; else the bridge is ready.
        ledger_away: Whether the ledger cannot be reached at first.
        provider: Takes the place of the one that is reached over its wire.
        cards: Take the place of those that the provider has.
        own_keys: Of users; None: they bring none.
        settings: Replace the tests' own.
    """
    engine = wire.engine(script, cards)
    ledger = MemoryLedger(away=ledger_away)
    async with (
        serve_issuer() as issuer,
        serve(engine, host="127.0.0.1", port=0, wire=wire.served.wire()) as server,
        plain_http() as http,
    ):
        issuer.down = auth_down
        values: dict[str, Any] = {
            "_env_file": None,
            "supabase_url": issuer.url,
            "supabase_publishable_key": "sb_publishable_test",
            "supabase_secret_key": "sb_secret_test",
            **wire.settings(server.url),
            "allowed_origins": ORIGIN,
            "bridge_port": 0,
            "bridge_metrics_port": 0,
            "byok_enabled": own_keys is not None,
        }
        chosen = Settings(**(values | settings))
        bound = bind(chosen)
        if provider is not None:
            bound = (replace(bound[0], models=provider, realtime=lambda key: provider),)
        shell = Shell(
            chosen, "realtime", ledger=ledger, http=http, providers=bound, own_keys=own_keys
        )
        async with (
            aclosing(shell),
            lending(lambda one: one.realtime, bound, own_keys) as providers,
            serving(App(shell, providers)) as (app, address),
        ):
            world = World(
                url=f"ws://127.0.0.1:{address.port}{REALTIME_PATH}",
                issuer=issuer,
                http=http,
                app=app,
                metrics_url=f"http://127.0.0.1:{address.metrics_port}/metrics",
                ledger=ledger,
                engine=engine,
                provider=server,
            )
            if not auth_down:
                await world.ready()
            world.idle_tasks = frozenset(asyncio.all_tasks())
            yield world
