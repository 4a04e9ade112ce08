"""The load balancer: nginx with the routes of `deploy/nginx.conf`, on loopback."""

import asyncio
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from chaos.fleet.errors import FleetError
from chaos.fleet.ports import HOST
from chaos.fleet.process import POLL_SECONDS, READY_SECONDS

ROOT: Final = Path(__file__).parents[2]
ROUTES: Final = ROOT / "deploy" / "nginx.conf"
_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", str(ROOT / ".tools" / "debian" / "usr" / "sbin"))

_WHOLE: Final = """\
daemon off;
pid nginx.pid;
worker_processes 1;
{user}
events {{ worker_connections 2048; }}
http {{
    log_format short '$http_sec_websocket_key $upstream_addr';
    access_log access.log short;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include routes.conf;
}}
"""


class Nginx:
    """One nginx, in a folder of its own.

    Args:
        folder: For its settings, logs and temporary files; made here.
        port: Where it listens.
        bridges: Ports of the bridges.
        functions: Ports of the functions.

    Raises:
        FleetError: There is no nginx, or its routes are not as expected.
    """

    def __init__(
        self, folder: Path, port: int, *, bridges: Sequence[int], functions: Sequence[int]
    ) -> None:
        self.url = f"http://{HOST}:{port}"
        self._folder = folder
        self._program = _find()
        self._process: asyncio.subprocess.Process
        folder.mkdir()
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(_WHOLE.format(user=user))
        (folder / "routes.conf").write_text(_routes(port, bridges, functions))

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            FleetError: It does not start.
        """
        log = self._folder / "log"
        with log.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(self._program, "-p", str(self._folder), "-c", "nginx.conf", "-e", "stderr"),
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                start_new_session=True,
            )
        async with asyncio.timeout(READY_SECONDS):
            while not (self._folder / "nginx.pid").exists():
                if self._process.returncode is not None:
                    raise FleetError(f"nginx does not start: {log.read_text()}")
                await asyncio.sleep(POLL_SECONDS)

    async def reload(self) -> None:
        """Take new workers, and wait for them; the old ones serve their connections to the end."""
        old = self._workers()
        self._process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(READY_SECONDS):
            while self._workers() <= old:  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL_SECONDS)

    async def end(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    def passed(self) -> dict[str, int]:
        """Return to whom each WebSocket that has ended was passed: a port, by its handshake's key.

        It is the `Sec-WebSocket-Key` (RFC 6455, section 4.1).
        """
        found = {}
        for line in (self._folder / "access.log").read_text().splitlines():
            key, _, upstreams = line.partition(" ")
            port = upstreams.rpartition(":")[2]
            if key != "-" and port.isdecimal():
                found[key] = int(port)
        return found

    def _workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self._process.pid).children()}


def _find() -> str:
    path = os.pathsep.join((os.environ["PATH"], *_PLACES))
    program = shutil.which("nginx", path=path)
    if program is None:
        raise FleetError("nginx is needed: apt-get install nginx-light, or run scripts/debian.sh")
    return program


def _routes(port: int, bridges: Sequence[int], functions: Sequence[int]) -> str:
    """Return the routes as deployed, but for TLS, and with the addresses of these processes."""
    text = ROUTES.read_text()
    text = _swap(text, r"(?s)\nserver \{\n    listen 80;.*?\n\}\n", "\n")
    text = _swap(text, r"listen 443 ssl http2;", f"listen {HOST}:{port};")
    # Everyone here has one address.
    text = _swap(text, r"(?m)^ *limit_conn per_address .*\n", "")
    text = _swap(text, r"(?m)^ *ssl_\w+ .*\n", "")
    for name, ports in (("bridge", bridges), ("functions", functions)):
        for rest in (r" max_fails=1[^;]*;", r" max_fails=0[^;]*;"):
            servers = "".join(rf"\n    server {HOST}:{one}\1" for one in ports)
            text = _swap(text, rf"(?:\n    server {name}-\d+:\d+({rest}))+", servers)
    return text


def _swap(text: str, pattern: str, replacement: str) -> str:
    swapped, times = re.subn(pattern, replacement, text)
    if not times:
        raise FleetError(f"{ROUTES.name} has changed: there is no {pattern!r} in it")
    return swapped
