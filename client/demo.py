"""The whole product on one machine: its neighbours, its services, and a sample of speech."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Any, Final

import httpx
from dotenv import dotenv_values
from rich.console import Console
from rich.text import Text

from client import display
from client.audio import decode, duration, in_thread, paced
from client.auth import AnonymousUser
from client.children import Child, ChildError, Service, busy_port, running
from client.errors import AudioError
from client.events import Result
from client.live import LiveTranscription
from client.network import http_client
from client.settings import LOCAL_ENV, Settings
from client.wer import word_error_rate

ROOT: Final = Path(__file__).parents[1]
SAMPLE: Final = ROOT / "local_stack" / "samples" / "reference.wav"
LOGS: Final = Path(".local/logs")
HOST: Final = "127.0.0.1"
DRAIN_SECONDS: Final = 2
"""A demonstration that is ended shall end soon."""


class Plan:
    """Where everything listens, and with which recogniser.

    Args:
        port_offset: Added to every port.
    """

    def __init__(self, port_offset: int = 0) -> None:
        self.supabase_port = 54321 + port_offset
        self.provider_port = 54330 + port_offset
        self.bridge_port = 8790 + port_offset
        self.bridge_metrics_port = 9790 + port_offset
        key = os.environ.get("MISTRAL_API_KEY") or dotenv_values(".env").get("MISTRAL_API_KEY")
        self.real_key = key or None

    @property
    def engine(self) -> str:
        """Which recogniser hears, in a few words."""
        if self.real_key:
            return "Voxtral at Mistral, with your MISTRAL_API_KEY"
        return "Offline engine: set MISTRAL_API_KEY for Voxtral"

    @property
    def bridge_url(self) -> str:
        """The realtime service's address."""
        return f"http://{HOST}:{self.bridge_port}"

    def neighbours(self) -> Service:
        """Supabase and the offline recogniser."""

        async def is_ready(written: str) -> bool:
            return "local_stack ready:" in written

        ports = ["--port", str(self.supabase_port), "--provider-port", str(self.provider_port)]
        return Service(
            "Supabase and the offline recogniser",
            [sys.executable, "-m", "local_stack", *ports],
            [self.supabase_port, self.provider_port],
            is_ready,
        )

    def bridge(self, local: Mapping[str, str]) -> Service:
        """The realtime service.

        Args:
            local: Settings that the neighbours wrote down.
        """
        own = {
            "BRIDGE_HOST": HOST,
            "BRIDGE_PORT": str(self.bridge_port),
            "BRIDGE_METRICS_PORT": str(self.bridge_metrics_port),
            "BRIDGE_DRAIN_SECONDS": str(DRAIN_SECONDS),
        }
        return Service(
            "the realtime bridge",
            [sys.executable, "-m", "ws_bridge"],
            [self.bridge_port, self.bridge_metrics_port],
            answers(f"{self.bridge_url}/readyz"),
            self._environment(local) | own,
        )

    def services(self, local: Mapping[str, str]) -> tuple[Service, ...]:
        """Everything that is started, in order."""
        return (self.neighbours(), self.bridge(local))

    def command(self, program: Path, local: Mapping[str, str]) -> str:
        """Return the command line that streams to this bridge, but for what it streams.

        Args:
            program: As it was started.
            local: Settings that the neighbours wrote down.
        """
        if program.is_relative_to(Path.cwd()):
            program = program.relative_to(Path.cwd())
        found = Settings()
        words = []
        if found.supabase_url != local["SUPABASE_URL"]:  # another project's, from .env
            wanted = ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY")
            words += [f"{name}={local[name]}" for name in wanted]
        words += [str(program), "live"]
        if found.utter_realtime_url != self.bridge_url:
            words += ["--url", self.bridge_url]
        return " ".join(words)

    def _environment(self, local: Mapping[str, str]) -> dict[str, str]:
        mine = dict(local)
        if self.real_key:
            mine.pop("MISTRAL_SERVER_URL", None)
            mine["MISTRAL_API_KEY"] = self.real_key
        return dict(os.environ) | mine


def answers(url: str) -> Callable[[str], Awaitable[bool]]:
    """Return a question whether `url` is answered with success."""

    async def is_ready(_: str) -> bool:
        async with http_client(url) as http:
            try:
                return (await http.get(url)).is_success
            except httpx.HTTPError:
                return False

    return is_ready


async def run(sample: Path, *, once: bool, port_offset: int = 0) -> int:
    """Start everything, speak the sample through it, and serve until a person ends it.

    Args:
        sample: A recording, with its transcript beside it as `.txt`.
        once: Stop after the sample; the last line is then one JSON object.
        port_offset: Added to every port.

    Returns:
        The exit status.

    Raises:
        ClientError: Something is missing, busy or broken, in words for a person.
    """
    console = Console(highlight=False)
    reference, seconds = _reference(sample), duration(sample)
    plan = Plan(port_offset)
    if busy := busy_port(plan.services({})):
        raise ChildError(f"{busy}: end what listens there, or use --ports")
    try:
        async with AsyncExitStack() as stack:
            ending = console.status("Ending everything…")
            stack.callback(ending.stop)  # last
            neighbours = await _start(stack, console, plan.neighbours())
            local = {name: value or "" for name, value in dotenv_values(LOCAL_ENV).items()}
            bridge = await _start(stack, console, plan.bridge(local))
            if console.is_terminal:
                stack.callback(ending.start)  # first
            group = await stack.enter_async_context(asyncio.TaskGroup())
            watches = [group.create_task(_watch(child)) for child in (neighbours, bridge)]
            token = AnonymousUser(local["SUPABASE_URL"], local["SUPABASE_PUBLISHABLE_KEY"])
            await token()
            _done(console, "Signed in anonymously")
            _done(console, plan.engine, mark=("✓", "green") if plan.real_key else ("!", "yellow"))
            console.print()
            view = display.for_output(sample.name, seconds)
            live = LiveTranscription(plan.bridge_url, token, on_event=view)
            with view:
                result = await live.run(paced(in_thread(decode(sample))))
            if once:
                print(json.dumps(summary(result, reference), ensure_ascii=False), flush=True)
            else:
                _invite(console, plan, local)
                await asyncio.Event().wait()
            for watch in watches:
                watch.cancel()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return 0 if result.status == "complete" else 1


def summary(result: Result, reference: str) -> dict[str, Any]:
    """Return what a run came to, as figures."""
    return {
        "ready_ms": result.ready_ms and round(result.ready_ms, 1),
        "first_delta_ms": result.first_delta_ms and round(result.first_delta_ms, 1),
        "deltas": result.deltas,
        "live_text": result.text,
        "reference": reference,
        "wer": round(word_error_rate(reference, result.text), 4),
        "audio_seconds": round(result.audio_seconds, 3),
        "status": result.status,
    }


async def _start(stack: AsyncExitStack, console: Console, service: Service) -> Child:
    """Run a service until the stack unwinds; return when it is ready."""
    log = LOGS / f"{service.arguments[2]}.log"
    waiting = console.status(f"{service.name}…", spinner="dots")
    with waiting if console.is_terminal else nullcontext():
        child = await stack.enter_async_context(running(service, log))
        took = await child.wait_ready()
    _done(console, service.title, f"port {service.ports[0]}, {took:.1f} s")
    return child


async def _watch(child: Child) -> None:
    await child.wait()
    raise child.ended()


def _reference(sample: Path) -> str:
    """Return the sample's transcript as one line."""
    try:
        return " ".join(sample.with_suffix(".txt").read_text().split())
    except OSError as error:
        name = sample.with_suffix(".txt").name
        raise AudioError(f"{name} is missing: the transcript beside {sample.name}") from error


def _done(
    console: Console, what: str, detail: str = "", *, mark: tuple[str, str] = ("✓", "green")
) -> None:
    line = Text.assemble(mark, " ", what)
    if detail:
        line.append(f"  {detail}", style="dim")
    console.print(line)


def _invite(console: Console, plan: Plan, local: Mapping[str, str]) -> None:
    """Tell how to stream something of one's own."""
    command = plan.command(Path(sys.argv[0]), local)
    console.print(
        Text.assemble(
            "\nServing. From another terminal, in this folder, a recording of your own:\n\n",
            (f"  {command} YOUR-RECORDING.wav\n\n", "bold"),
            "or a microphone:\n\n",
            (f"  arecord -q -t raw -f S16_LE -r 16000 -c 1 | {command} -\n\n", "bold"),
            (f"What the services write is in {LOGS}. Ctrl-C ends everything.", "dim"),
        ),
        soft_wrap=True,
    )
