"""The real bridge in a process of its own, to be killed and started again, with its neighbours."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.postgres import Postgres
from local_stack.provider import ProviderServer, serve
from local_stack.provider.engine import Engine
from local_stack.services import Supabase, serve_supabase
from local_stack.serving import listen
from tests.wires import MISTRAL, Wire
from utter_transcribe.auth import AnonymousUser

_PUBLIC = ("PATH", "SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY")


class RealBridge:
    """A bridge process on a port of its own, over a real Supabase and a provider."""

    def __init__(
        self, supabase: Supabase, provider: ProviderServer, wire: Wire, port: int, logs: Path
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.provider = provider
        self.token = AnonymousUser(supabase.url, supabase.keys.publishable)
        self._logs = logs
        self._processes: list[Process] = []
        self._starts = 0
        self._env = {
            "PATH": os.environ["PATH"],
            "SUPABASE_URL": supabase.url,
            "SUPABASE_PUBLISHABLE_KEY": supabase.keys.publishable,
            "SUPABASE_SECRET_KEY": supabase.keys.secret,
            **{name.upper(): value for name, value in wire.settings(provider.url).items()},
            "BRIDGE_PORT": str(port),
            "BRIDGE_REUSE_PORT": "true",
            "PROVIDER_STALL_SECONDS": "60",
            "BRIDGE_METRICS_PORT": "0",
        }

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs to reach it."""
        return {name: self._env[name] for name in _PUBLIC} | {"UTTER_REALTIME_URL": self.url}

    async def start(self) -> None:
        """Start it and wait until it takes sessions; one that runs already is left alone."""
        self._starts += 1
        log = self._logs / f"bridge-{self._starts}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ws_bridge", env=self._env, cwd="/", stdout=output
            )
        self._processes.append(process)
        while '"event":"ready"' not in log.read_text().replace(" ", ""):
            assert process.returncode is None, log.read_text()
            await asyncio.sleep(0.05)

    async def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the oldest one a signal and wait until it is gone."""
        process = self._processes.pop(0)
        process.send_signal(number)
        await process.wait()

    async def kill_all(self) -> None:
        """Leave none behind."""
        while self._processes:
            await self.kill()


@asynccontextmanager
async def real_bridge(
    postgres: Postgres, engine: Engine, folder: Path, wire: Wire = MISTRAL
) -> AsyncIterator[RealBridge]:
    """Run a bridge and all its neighbours."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = DataDir(folder)
    data.create()
    async with postgres.clone() as name:

        def dsn_of(role: str) -> str:
            return postgres.dsn_of(role, name)

        async with (
            serve_supabase(listen("test", "127.0.0.1", 0), data, dsn_of) as supabase,
            serve(engine, wire=wire.served.wire()) as provider,
        ):
            bridge = RealBridge(supabase, provider, wire, port, folder)
            try:
                await bridge.start()
                yield bridge
            finally:
                await bridge.kill_all()
