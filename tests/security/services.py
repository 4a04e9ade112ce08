"""Both services as they are run, beside one Supabase, with a record of all that they ever said."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.http11 import Response

from local_stack.postgres import Postgres
from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.mistral.wire import MistralWire
from shared_schema.base import REALTIME_PATH
from tests.local_stack.world import World as Stack
from tests.local_stack.world import open_world
from tests.own_keys import RING
from tests.ws_bridge.world import ORIGIN

ROOT: Final = Path(__file__).parent.parent.parent
PROVIDER_KEY: Final = "sk-marker-of-the-provider-0123456789"
JWT_SECRET: Final = "marker-of-the-shared-jwt-secret-0123456789"
PAGE: Final = "<!doctype html><title>Booth</title>"


@dataclass
class Service:
    """One process."""

    process: Process
    output: list[str] = field(default_factory=list)
    """Every line that it wrote, to standard output or error."""

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The lines, each of which must be JSON."""
        return [json.loads(line) for line in self.output]

    async def read(self) -> None:
        """Collect the output until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.output.append(line.decode().rstrip("\n"))

    async def logged(self, event: str) -> dict[str, Any]:
        """Wait for a log line."""
        async with asyncio.timeout(30):
            while True:
                found = [log for log in self.logs if log["event"] == event]
                if found:
                    return found[0]
                assert self.process.returncode is None, self.output
                await asyncio.sleep(0.01)


@dataclass
class Services:
    """Both processes and their neighbours.

    Attributes:
        answers: Every HTTP answer of theirs to a request that went through `http`.
        refused_keys: Those that the provider does not take.
        messages: Every message of the bridge's.
        refusals: Its answers to handshakes that failed.
    """

    stack: Stack
    provider: ProviderServer
    engine: ScriptedEngine
    functions: Service
    bridge: Service
    http: httpx.AsyncClient
    bridge_port: int
    metrics_urls: tuple[str, str]
    refused_keys: set[str]
    answers: list[httpx.Response] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    refusals: list[Response] = field(default_factory=list)

    @property
    def bridge_url(self) -> str:
        """Where sockets are opened."""
        return f"ws://127.0.0.1:{self.bridge_port}{REALTIME_PATH}"

    @property
    def lines(self) -> list[str]:
        """All lines of both."""
        return self.functions.output + self.bridge.output

    async def keep(self, response: httpx.Response) -> None:
        """Keep an answer."""
        await response.aread()
        self.answers.append(response)

    async def say(self, *said: dict[str, Any] | str | bytes, **options: Any) -> None:
        """Open a socket, say this, and listen until it is closed."""
        try:
            async with connect(self.bridge_url, proxy=None, **options) as socket:
                for one in said:
                    await socket.send(json.dumps(one) if isinstance(one, dict) else one)
                    if isinstance(one, dict) and one.get("type") == "start":
                        self.messages.append(await socket.recv(decode=True))
                while True:
                    self.messages.append(await socket.recv(decode=True))
        except (ConnectionClosed, InvalidMessage):
            pass
        except InvalidStatus as refusal:
            self.refusals.append(refusal.response)


@asynccontextmanager
async def _running(module: str, folder: Path, env: dict[str, str]) -> AsyncIterator[Service]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), cwd=folder, env=env, stdout=PIPE, stderr=STDOUT
    )
    service = Service(process)
    reading = asyncio.create_task(service.read())
    try:
        await service.logged("ready")
        yield service
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 30)
        await reading


@asynccontextmanager
async def services(postgres: Postgres, folder: Path, script: Script) -> AsyncIterator[Services]:
    """Run both at DEBUG until the block ends; then their output is complete."""
    page = folder / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text(PAGE)
    (page / "assets" / "index-0123.js").write_text("export {}")
    engine, wire = ScriptedEngine(script), MistralWire()
    async with (
        open_world(postgres, folder / "supabase") as stack,
        serve(engine, host="127.0.0.1", port=0, wire=wire) as provider,
    ):
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SUPABASE_URL": stack.supabase.url,
            "SUPABASE_PUBLISHABLE_KEY": stack.supabase.keys.publishable,
            "SUPABASE_SECRET_KEY": stack.supabase.keys.secret,
            "SUPABASE_JWT_SECRET": JWT_SECRET,
            "MISTRAL_API_KEY": PROVIDER_KEY,
            "MISTRAL_SERVER_URL": provider.url,
            "ALLOWED_ORIGINS": ORIGIN,
            "FUNCTIONS_PORT": "0",
            "FUNCTIONS_METRICS_PORT": "0",
            "FUNCTIONS_PAGE_DIR": str(page),
            "FUNCTIONS_INSPECT_WORKERS": "1",
            "BRIDGE_PORT": "0",
            "BRIDGE_METRICS_PORT": "0",
            "BYOK_ENABLED": "true",
            "BYOK_KEYS": RING,
            "LOG_LEVEL": "DEBUG",
        }
        async with (
            _running("edge_functions", folder, env) as functions,
            _running("ws_bridge", folder, env) as bridge,
        ):
            told = [await one.logged("listening") for one in (functions, bridge)]
            metrics = tuple(f"http://127.0.0.1:{one['metrics_port']}/metrics" for one in told)
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{told[0]['port']}", timeout=20
            ) as http:
                running = Services(
                    stack,
                    provider,
                    engine,
                    functions,
                    bridge,
                    http,
                    told[1]["port"],
                    (metrics[0], metrics[1]),
                    wire.refused_keys,
                )
                http.event_hooks = {"response": [running.keep]}
                yield running
