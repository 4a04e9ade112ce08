"""`make image`: build the image, and let it serve as a deployment would, against the local stack.

A live session, an upload, a clone and a drain, with the image's own user and a file system that
cannot be written.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect

from chaos.fleet.ports import free_ports
from local_stack.provider import Script, ScriptedEngine
from local_stack.provider.names import WIRES
from local_stack.stack import Running, run
from scripts.containers import Tool, debian_bases, found
from shared_schema.base import REALTIME_PATH
from utter_transcribe import AnonymousUser, Api, Clone, LiveTranscription
from utter_transcribe.audio import decode, in_thread, paced
from utter_transcribe.local import answers
from utter_transcribe.options import Options

ROOT: Final = Path(__file__).parent.parent
SAMPLE: Final = ROOT / "local_stack" / "samples" / "reference.wav"
WORDS: Final = "one two three four five"
PORTS: Final = ("BRIDGE_PORT", "BRIDGE_METRICS_PORT", "FUNCTIONS_PORT", "FUNCTIONS_METRICS_PORT")
READY_SECONDS: Final = 60.0
END_SECONDS: Final = 30.0
_START: Final = Options().start().model_dump(mode="json", exclude_none=True)


class TrialError(Exception):
    """The image does not do what it should; the message says what."""


class Service:
    """A running container.

    Args:
        process: What runs it.
        log: All that it has written.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log

    async def ready(self, url: str) -> float:
        """Wait until it is ready, and return how many seconds that took.

        Raises:
            TrialError: it has ended, or is not ready in time.
        """
        begun, is_ready = time.monotonic(), answers(f"{url}/readyz")
        while time.monotonic() - begun < READY_SECONDS and self.process.returncode is None:
            if await is_ready(""):
                return time.monotonic() - begun
            await asyncio.sleep(0.05)
        raise TrialError(f"{url} is not ready:\n{self._log.read_text()[-2000:]}")

    async def ended(self) -> int:
        """Wait for its end, and return its exit status.

        Raises:
            TrialError: it goes on.
        """
        try:
            async with asyncio.timeout(END_SECONDS):
                return await self.process.wait()
        except TimeoutError:
            raise TrialError(f"it does not end:\n{self._log.read_text()[-2000:]}") from None


@asynccontextmanager
async def _started(command: Sequence[str], log: Path) -> AsyncIterator[Service]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield Service(process, log)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def try_out(tool: Tool, tag: str, folder: Path) -> None:
    """Let the image serve, and use it; prints a line for each thing that it does.

    Raises:
        TrialError: it does not do one of them.
    """
    await _confined(tool, tag, folder)
    engine = ScriptedEngine(Script(text=WORDS))
    async with run(folder / "stack", engine, port=0, provider_port=0) as stack:
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        environment = _environment(stack, ports)
        bridge_url = f"http://127.0.0.1:{ports['BRIDGE_PORT']}"
        functions_url = f"http://127.0.0.1:{ports['FUNCTIONS_PORT']}"
        bridge = tool.command(tag, environment, ("python", "-m", "ws_bridge"))
        functions = tool.command(tag, environment, ("python", "-m", "edge_functions"))
        async with (
            _started(bridge, folder / "bridge.log") as live,
            _started(functions, folder / "functions.log") as files,
        ):
            seconds = await live.ready(bridge_url), await files.ready(functions_url)
            _say("ready", f"bridge {seconds[0]:.1f} s, functions {seconds[1]:.1f} s")
            user = AnonymousUser(stack.supabase.url, stack.supabase.keys.publishable)
            await _speak(user, bridge_url)
            await _upload_and_clone(user, functions_url)
            await _drain(user, bridge_url, live)
            files.process.send_signal(signal.SIGTERM)
            _expect("the functions end by themselves", await files.ended(), 0)


async def _confined(tool: Tool, tag: str, folder: Path) -> None:
    """Look whether it runs as its user, who can write nowhere but where uploads go."""
    program = (
        "import os, pathlib\n"
        "assert os.getuid() == 10001 and os.getgid() != 0, (os.getuid(), os.getgid())\n"
        "for name in ('/app/x', '/etc/x', '/app/.venv/x'):\n"
        "    try: pathlib.Path(name).write_text('x')\n"
        "    except OSError: continue\n"
        "    raise SystemExit(f'{name} can be written')\n"
        "pathlib.Path('/tmp/x').write_text('x')\n"
    )
    log = folder / "confined.log"
    async with _started(tool.command(tag, {}, ("python", "-c", program)), log) as service:
        _expect("user 10001, read-only", await service.ended(), 0, log)


async def _speak(user: AnonymousUser, url: str) -> None:
    live = LiveTranscription(url, user)
    result = await live.run(paced(in_thread(decode(SAMPLE)), speed=4.0))
    _expect("a live session", (result.status, result.text), ("complete", WORDS))


async def _upload_and_clone(user: AnonymousUser, url: str) -> None:
    async with Api(url, user) as api, httpx.AsyncClient(trust_env=False) as http:
        _expect("an upload", (await api.transcribe(SAMPLE)).text, WORDS)
        made = Clone(name="Trial", language="English", transcript=f"{WORDS}.", consent=True)
        voice = await api.clone(SAMPLE, made)
        _expect("a clone", voice.name, made.name)
        page = await http.get(url)
        _expect("the page", (page.status_code, "<div id=" in page.text), (200, True))


async def _drain(user: AnonymousUser, url: str, bridge: Service) -> None:
    """End the bridge in the middle of a session, which loses none of its words."""
    address = url.replace("http", "ws", 1) + REALTIME_PATH
    async with connect(address, proxy=None) as socket:
        await socket.send(json.dumps(_START | {"access_token": await user()}))
        await _until(socket, "ready")
        await socket.send(bytes(3200))
        bridge.process.send_signal(signal.SIGTERM)
        notice = await _until(socket, "notice")
        _expect("a drain is announced", notice["code"], "draining")
        await socket.send(json.dumps({"type": "stop"}))
        final = await _until(socket, "final")
        _expect("a session that is drained", final["status"], "complete")
    _expect("the bridge ends by itself", await bridge.ended(), 0)


async def _until(socket: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(END_SECONDS):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind:
                return message
            if message["type"] == "error":
                raise TrialError(f"in place of {kind} came {message}")


def _environment(stack: Running, ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "SUPABASE_URL": stack.supabase.url,
        "SUPABASE_PUBLISHABLE_KEY": stack.supabase.keys.publishable,
        "SUPABASE_SECRET_KEY": stack.supabase.keys.secret,
        **WIRES["mistral"].settings(stack.provider_url),
        **{name: str(port) for name, port in ports.items()},
        "BRIDGE_HOST": "127.0.0.1",
        "FUNCTIONS_HOST": "127.0.0.1",
    }


def _expect(what: str, got: object, wanted: object, log: Path | None = None) -> None:
    if got != wanted:
        more = f"\n{log.read_text()[-2000:]}" if log else ""
        raise TrialError(f"{what}: {got!r} in place of {wanted!r}{more}")
    _say(what)


def _say(what: str, figures: str = "") -> None:
    sys.stdout.write(f"  ok  {what}{f': {figures}' if figures else ''}\n")
    sys.stdout.flush()


def main() -> None:
    """Build, measure and try out.

    Raises:
        SystemExit: no tool is there, the build failed, or the image does not do what it should.
    """
    parser = argparse.ArgumentParser(prog="make image", description=__doc__)
    parser.add_argument("--tag", default="localhost/utter-transcribe:trial")
    parser.add_argument(
        "--bases",
        choices=("registry", "debian"),
        default="registry",
        help="debian: make both bases of Debian's packages, where no registry is in reach",
    )
    parser.add_argument("--built", action="store_true", help="try out what was built before")
    given = parser.parse_args()
    tool = found()
    try:
        begun = time.monotonic()
        if not given.built:
            arguments = {
                name: os.environ[name]
                for name in ("PYTHON_IMAGE", "NODE_IMAGE")
                if name in os.environ
            }
            if given.bases == "debian":
                arguments |= debian_bases(tool)
                begun = time.monotonic()
            tool.build(ROOT / "deploy" / "Dockerfile", ROOT, given.tag, arguments)
        megabytes = tool.size(given.tag) / 1e6
        seconds = time.monotonic() - begun
        sys.stdout.write(f"{given.tag} by {tool.name}: {seconds:.0f} s, {megabytes:.0f} MB\n")
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(try_out(tool, given.tag, Path(folder)))
    except TrialError as error:
        raise SystemExit(f"  FAILED  {error}") from None
    finally:
        tool.close()


if __name__ == "__main__":
    main()
