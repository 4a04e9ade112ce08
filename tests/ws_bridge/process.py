"""The bridge as it is run: `python -m ws_bridge`, in a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from shared_schema.base import REALTIME_PATH
from tests.doubles.project import SECRET_KEY, Project, serve_project
from tests.ws_bridge.world import Line, plain_http

PROVIDER_KEY = "key-of-the-provider"


@dataclass
class Running(Line):
    """A bridge's process and its neighbours."""

    project: Project
    engine: ScriptedEngine
    provider: ProviderServer
    process: asyncio.subprocess.Process
    output: list[str] = field(default_factory=list)
    """Every line that it wrote, to standard output or error."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The lines, each of which must be JSON."""
        return [json.loads(line) for line in self.output]

    async def logged(self, event: str) -> dict[str, Any]:
        """Wait for the first log line of an event."""
        while True:
            self._news.clear()
            for log in self.logs:
                if log["event"] == event:
                    return log
            assert not self.process.stdout or not self.process.stdout.at_eof(), self.output
            await self._news.wait()

    async def read(self) -> None:
        """Collect the output until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.output.append(line.decode().rstrip())
            self._news.set()
        self._news.set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def exit_code(self) -> int:
        """Wait for its end."""
        return await asyncio.wait_for(self.process.wait(), 10)


def environment(project_url: str, provider_url: str, **settings: str) -> dict[str, str]:
    """Return the whole environment of a bridge's process."""
    return {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": project_url,
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_test",
        "SUPABASE_SECRET_KEY": SECRET_KEY,
        "MISTRAL_API_KEY": PROVIDER_KEY,
        "MISTRAL_SERVER_URL": provider_url,
        "BRIDGE_PORT": "0",
        "BRIDGE_METRICS_PORT": "0",
        "LOG_LEVEL": "DEBUG",
        **settings,
    }


COMMAND = (sys.executable, "-m", "ws_bridge")


async def start(
    folder: Path, env: dict[str, str], command: Sequence[str] = COMMAND
) -> asyncio.subprocess.Process:
    """Start a bridge in a folder without a `.env`."""
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@asynccontextmanager
async def bridge(
    folder: Path,
    script: Script | None = None,
    *,
    command: Sequence[str] = COMMAND,
    **settings: str,
) -> AsyncIterator[Running]:
    """Run a bridge's process over a scripted provider until the block ends; it is ready."""
    engine = ScriptedEngine(script)
    async with (
        serve_project() as project,
        serve(engine, host="127.0.0.1", port=0) as provider,
        plain_http() as http,
    ):
        url = project.issuer.url
        process = await start(folder, environment(url, provider.url, **settings), command)
        running = Running("", project.issuer, http, project, engine, provider, process)
        reading = asyncio.create_task(running.read())
        try:
            async with asyncio.timeout(20):
                port = (await running.logged("listening"))["port"]
                await running.logged("ready")
            running.url = f"ws://127.0.0.1:{port}{REALTIME_PATH}"
            yield running
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading
