"""Caddy and nginx before the services, each with the configuration that is deployed."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from local_stack.postgres import Postgres
from local_stack.provider import Script
from local_stack.provider.script import BatchScript
from shared_schema.base import REALTIME_PATH
from tests.deploy.files import DEPLOY, binary
from tests.deploy.proxies import CADDY, Proxy, caddy, nginx, run, trusting, write_nginx
from tests.edge_functions import world as functions
from tests.edge_functions.world import PATH, wav
from tests.ports import free_port
from tests.waiting import until
from tests.ws_bridge.world import SILENCE, Talk, World, running

FORGED: Final = "203.0.113.7"
NOBODY: Final = "127.0.0.1:1"
"""Nothing listens there."""
NAMES: Final = ("bridge-1:8790", "bridge-2:8790", "functions-1:8780", "functions-2:8780")
PROXIES: Final = pytest.mark.parametrize("proxy", [caddy, nginx])


@dataclass
class Live:
    """Two bridges behind one address."""

    port: int
    bridges: tuple[World, World]

    @asynccontextmanager
    async def talk(self) -> AsyncIterator[Talk]:
        """Open a socket, saying that the caller is someone else."""
        async with connect(
            f"wss://localhost:{self.port}{REALTIME_PATH}",
            ssl=trusting(),
            additional_headers={"X-Forwarded-For": FORGED},
            compression=None,
            proxy=None,
        ) as socket:
            yield Talk(socket)

    async def record(self) -> bool:
        """Record for a moment, from start to final; False where the bridge turned us away."""
        async with self.talk() as talk:
            with suppress(ConnectionClosed):
                await talk.send(self.bridges[0].start())
            if (await talk.next("ready", "error"))["type"] == "error":
                return False
            await talk.send(SILENCE)
            (await talk.stopped()).completed()
            return True

    def sessions(self) -> list[int]:
        """Return how many sessions each bridge has had."""
        return [len(bridge.ledger.entries) for bridge in self.bridges]


@asynccontextmanager
async def live(proxy: Proxy, folder: Path, *, dead: bool = False) -> AsyncIterator[Live]:
    """Run two bridges behind a proxy; `dead` puts nothing where the second should be."""
    async with (
        running(trusted_proxy_hops=1) as first,
        running(trusted_proxy_hops=1, supabase_url=first.issuer.url) as second,
    ):
        places = [one.url.removeprefix("ws://").partition("/")[0] for one in (first, second)]
        addresses = dict.fromkeys(NAMES, NOBODY) | {
            "bridge-1:8790": places[0],
            "bridge-2:8790": NOBODY if dead else places[1],
        }
        async with proxy(folder, addresses) as port:
            yield Live(port, (first, second))


@pytest.mark.process
async def test_caddy_takes_its_file(tmp_path: Path) -> None:
    """Caddy accepts the file as it is, and would not format it otherwise."""
    path = str(DEPLOY / "Caddyfile")
    told = await run(
        *(CADDY, "validate", "--adapter", "caddyfile", "--config", path),
        cwd=tmp_path,
        SITE="transcribe.example.com",
    )
    assert "Valid configuration" in told
    assert await run(CADDY, "fmt", path, cwd=tmp_path) == (DEPLOY / "Caddyfile").read_text()


@pytest.mark.process
async def test_nginx_takes_its_file(tmp_path: Path) -> None:
    """Nginx accepts the file inside of `http`, without a warning."""
    write_nginx(tmp_path, dict.fromkeys(NAMES, NOBODY), port=free_port())
    command = (binary("nginx"), "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr")
    told = await run(*command, cwd=tmp_path)
    assert "syntax is ok" in told
    assert "[warn]" not in told


@pytest.mark.process
@PROXIES
async def test_recordings_go_through(proxy: Proxy, tmp_path: Path) -> None:
    """Sockets are spread over the bridges, and the ledger learns who really calls."""
    async with live(proxy, tmp_path) as here:
        assert all(await asyncio.gather(*(here.record() for _ in range(6))))
        assert all(count >= 1 for count in here.sessions())
        entries = [entry for bridge in here.bridges for entry in bridge.ledger.entries.values()]
        assert len(entries) == 6
        assert {entry.address for entry in entries} == {"127.0.0.1"}


@pytest.mark.process
@PROXIES
async def test_a_dead_bridge_is_passed_over(proxy: Proxy, tmp_path: Path) -> None:
    """While one bridge does not answer, the other takes every session."""
    async with live(proxy, tmp_path, dead=True) as here:
        for _ in range(4):
            assert await here.record()
        assert here.sessions() == [4, 0]


@pytest.mark.process
async def test_caddy_sends_nothing_new_to_who_drains(tmp_path: Path) -> None:
    """A bridge that drains keeps what it has and gets nothing new, once Caddy has looked again."""
    async with live(caddy, tmp_path) as here:
        draining, staying = here.bridges
        async with here.talk() as one, here.talk() as other:
            for talk in (one, other):
                await talk.send(draining.start())
                await talk.next("ready")
            assert here.sessions() == [1, 1]
            draining.app.bridge.drain(30, asyncio.get_running_loop().time())
            await until(lambda: '"status_code":503' in (tmp_path / "log").read_text())
            for _ in range(4):
                assert await here.record()
            assert here.sessions() == [1, 5]
            assert staying.app.bridge.open_sessions >= 1
            for talk in (one, other):
                await talk.send(SILENCE)
                (await talk.stopped()).completed()


@pytest.mark.process
async def test_nginx_sends_the_next_try_elsewhere(tmp_path: Path) -> None:
    """Who is turned away by a bridge that drains is let in at the next try."""
    async with live(nginx, tmp_path) as here:
        here.bridges[0].app.bridge.drain(30, asyncio.get_running_loop().time())
        let_in = [await here.record() for _ in range(4)]
        assert let_in.count(True) == 2
        assert (False, False) not in set(pairwise(let_in))


def _silence(seconds: int) -> bytes:
    """Return a WAV file of 192 kB for each second."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(192_000 * seconds))
    return buffer.getvalue()


@PROXIES
async def test_uploads_go_through(proxy: Proxy, tmp_path: Path, postgres: Postgres) -> None:
    """A large file passes, one too large is refused by the functions, text is streamed."""
    script = Script(text="one two three", batch=BatchScript(event_every_ms=300))
    speech = wav(tmp_path).read_bytes()
    async with functions.running(postgres, tmp_path, script, trusted_proxy_hops=1) as world:
        address = f"127.0.0.1:{world.port}"
        addresses = dict.fromkeys(NAMES, NOBODY) | dict.fromkeys(NAMES[2:], address)
        token = await (await world.stack.person("ada@example.com")).token()
        folder = tmp_path / "proxy"
        folder.mkdir()
        async with (
            proxy(folder, addresses) as port,
            httpx.AsyncClient(
                base_url=f"https://localhost:{port}",
                headers={"Authorization": f"Bearer {token}"},
                verify=trusting(),
                timeout=30,
            ) as http,
        ):
            answer = await http.post(PATH, files={"audio": _silence(270)})
            assert (answer.status_code, answer.json().get("text")) == (200, "one two three")
            try:
                answer = await http.post(PATH, files={"audio": _silence(320)})
            except httpx.TransportError:
                # Over HTTP/1.1 Caddy resets a socket whose body it has not read to its end.
                assert proxy is caddy
            else:
                assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")

            events = {"Accept": "text/event-stream"}
            began = asyncio.get_running_loop().time()
            async with http.stream("POST", PATH, files={"audio": speech}, headers=events) as stream:
                came = [
                    asyncio.get_running_loop().time() - began
                    async for line in stream.aiter_lines()
                    if line.startswith("data:")
                ]
            assert came[-1] - came[0] > 0.3
            assert stream.headers["strict-transport-security"] == "max-age=31536000"
