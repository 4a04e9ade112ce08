"""The product on this machine: which processes, on which ports, with which settings."""

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import httpx
from dotenv import dotenv_values

from shared_schema.base import REALTIME_PATH
from utter_transcribe.children import Service
from utter_transcribe.network import http_client
from utter_transcribe.settings import LOCAL_ENV, Settings

ROOT: Final = Path(__file__).parents[1]
DATA: Final = LOCAL_ENV.parent
"""What a stack keeps between runs."""
LOGS: Final = DATA / "logs"
IN_CHECKOUT: Final = (ROOT / "local_stack").is_dir()
"""Whether the services and the stand-ins lie beside this package; an installed wheel has none."""
HOST: Final = "127.0.0.1"
DRAIN_SECONDS: Final = 2
"""A demonstration that is ended shall end soon."""


class Local:
    """Supabase, the provider, the bridge and the functions, as processes of this machine.

    They see neither `.env` nor what the environment says of another Supabase; of the provider
    they hear when there is a key for it.

    Args:
        port_offset: Added to every port.
        provider: Whose wire is spoken; only Mistral's own can take its place.
        before: Providers that come first in the order and fail, so that failover can be seen.
    """

    def __init__(
        self, port_offset: int = 0, *, provider: str = "mistral", before: Sequence[str] = ()
    ) -> None:
        self.provider = provider
        self.before = tuple(before)
        self.supabase_port = 54321 + port_offset
        self.provider_port = 54330 + port_offset
        self.bridge_port = 8790 + port_offset
        self.bridge_metrics_port = 9790 + port_offset
        self.functions_port = 8780 + port_offset
        self.functions_metrics_port = 9780 + port_offset
        found = {**dotenv_values(".env"), **os.environ}
        self._provider = {
            name: value
            for name, value in found.items()
            if provider == "mistral" and not before and name.startswith("MISTRAL_") and value
        }

    @property
    def is_offline(self) -> bool:
        """Whether the offline engine hears, because there is no key for the real one."""
        return "MISTRAL_API_KEY" not in self._provider

    @property
    def engine(self) -> str:
        """What hears, in a few words; of the offline engine once it has started."""
        if not self.is_offline:
            return "Voxtral, with your MISTRAL_API_KEY"
        return f"Offline engine ({self.wrote().get('LOCAL_ENGINE') or 'scripted'})"

    @property
    def notice(self) -> str:
        """What people are told of the offline engine; nothing where Voxtral hears."""
        if not self.is_offline:
            return ""
        if self.before:
            return f"{self.engine}, behind {' and '.join(self.before)}, which fails."
        if self.provider != "mistral":
            return f"{self.engine}, over the wire of {self.provider}."
        return f"{self.engine}. Set MISTRAL_API_KEY for Voxtral."

    @property
    def bridge_url(self) -> str:
        """The realtime service's address."""
        return f"http://{HOST}:{self.bridge_port}"

    @property
    def functions_url(self) -> str:
        """The address of all else, and of the page."""
        return f"http://{HOST}:{self.functions_port}"

    @property
    def has_page(self) -> bool:
        """Whether the page is built."""
        return (_PAGE / "index.html").exists()

    def services(self) -> tuple[Service, ...]:
        """Everything that is started, in order; the neighbours write down their settings.

        Those that fail stand right behind the neighbours.
        """

        async def told(written: str) -> bool:
            return "local_stack ready:" in written

        own = ["--data-dir", str(DATA.absolute())]
        own += ["--port", str(self.supabase_port), "--provider-port", str(self.provider_port)]
        own += ["--wire", self.provider]
        return (
            Service(
                "Supabase and the offline engine",
                [sys.executable, "-m", "local_stack", *own],
                [self.supabase_port, self.provider_port],
                told,
                self._environment,
            ),
            *map(self._failing, self.before),
            Service(
                "the realtime bridge",
                [sys.executable, "-m", "ws_bridge"],
                [self.bridge_port, self.bridge_metrics_port],
                answers(f"{self.bridge_url}/readyz"),
                self._environment,
            ),
            Service(
                "the functions",
                [sys.executable, "-m", "edge_functions"],
                [self.functions_port, self.functions_metrics_port],
                answers(f"{self.functions_url}/readyz"),
                self._environment,
            ),
        )

    def _port(self, name: str) -> int:
        return self.provider_port + 1 + self.before.index(name)

    def _failing(self, name: str) -> Service:
        async def told(written: str) -> bool:
            return "provider ready at" in written

        port = self._port(name)
        own = ["--wire", name, "--script", "mute", "--port", str(port)]
        arguments = [sys.executable, "-m", "local_stack.provider", *own]
        title = f"a provider that fails after four seconds ({name})"
        return Service(title, arguments, [port], told, self._environment)

    def _order(self) -> dict[str, str]:
        """Return the settings that name several providers; none where there is one."""
        if not self.before:
            return {}
        order = {"TRANSCRIPTION_PROVIDERS": ",".join((*self.before, self.provider))}
        for name in self.before:
            order[f"{name.upper()}_API_KEY"] = "local"
            order[f"{name.upper()}_SERVER_URL"] = f"http://{HOST}:{self._port(name)}"
        return order

    def wrote(self) -> dict[str, str]:
        """Return the settings that the neighbours wrote down."""
        return {name: value or "" for name, value in dotenv_values(LOCAL_ENV).items()}

    def command(self, program: Path) -> str:
        """Return the command line that streams to this bridge, but for what it streams.

        Args:
            program: As it was started.
        """
        if program.is_relative_to(Path.cwd()):
            program = program.relative_to(Path.cwd())
        found, local = Settings(), self.wrote()
        words = []
        if found.supabase_url != local["SUPABASE_URL"]:  # another project's, from .env
            wanted = ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY")
            words += [f"{name}={local[name]}" for name in wanted]
        words += [str(program), "live"]
        if found.utter_realtime_url != self.bridge_url:
            words += ["--url", self.bridge_url]
        return " ".join(words)

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SUPABASE_", "MISTRAL_", "VLLM_", "TRANSCRIPTION_PROVIDER"))
        }
        provider = {} if self.is_offline else self._provider
        local = self.wrote()
        if not self.is_offline:
            local.pop("MISTRAL_SERVER_URL", None)
        pages = (self.functions_port, _PAGE_IN_DEVELOPMENT)
        origins = [f"http://{name}:{port}" for port in pages for name in (HOST, "localhost")]
        return (
            inherited
            | local
            | provider
            | self._order()
            | {
                "BRIDGE_HOST": HOST,
                "BRIDGE_PORT": str(self.bridge_port),
                "BRIDGE_METRICS_PORT": str(self.bridge_metrics_port),
                "BRIDGE_PUBLIC_URL": f"ws://{HOST}:{self.bridge_port}{REALTIME_PATH}",
                "BRIDGE_DRAIN_SECONDS": str(DRAIN_SECONDS),
                "FUNCTIONS_HOST": HOST,
                "FUNCTIONS_PORT": str(self.functions_port),
                "FUNCTIONS_METRICS_PORT": str(self.functions_metrics_port),
                "FUNCTIONS_PAGE_DIR": str(_PAGE),
                "ALLOWED_ORIGINS": ",".join(origins),
                "NOTICE": self.notice,
            }
        )


_PAGE_IN_DEVELOPMENT: Final = 5173  # Vite's port, by frontend/vite.config.ts
_PAGE: Final = ROOT / "frontend" / "dist"


def answers(url: str) -> Callable[[str], Awaitable[bool]]:
    """Return a question whether `url` is answered with success."""

    async def is_ready(_: str) -> bool:
        async with http_client(url) as http:
            try:
                return (await http.get(url)).is_success
            except httpx.HTTPError:
                return False

    return is_ready
