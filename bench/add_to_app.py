"""`make add-to-app`: do what "Add it to your app" says in an empty folder, and time it.

The commands and the code are the blocks of docs/add-to-your-app.md as they stand. Beside them
there are an application of someone's own, with FastAPI, React and Vite; a Supabase on this
machine, without our migrations; and a registry that has the package of this checkout. At the end a
browser dictates a recording into the application's field, and the Python client transcribes it.

Needs Node, Chromium, and the registries of Python and npm.
"""

import asyncio
import json
import os
import re
import shlex
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from chaos.fleet.ports import free_ports
from local_stack.errors import StackError
from local_stack.provider.choice import engine_of
from local_stack.provider.names import WIRES
from local_stack.serving import listen, serve, url_of
from local_stack.stack import run as run_stack
from shared_schema.base import REALTIME_PATH
from transcription.settings import Settings
from utter_transcribe.local import answers
from utter_transcribe.wer import word_error_rate

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "add-to-your-app.md"
DIST: Final = ROOT / "dist"
SPEECH: Final = ROOT / "local_stack" / "samples" / "short.wav"
DICTATE: Final = ROOT / "frontend" / "bench" / "dictate.mjs"
WORDS: Final = " ".join(SPEECH.with_suffix(".txt").read_text().split())
LIMIT_SECONDS: Final = 300
"""What the page promises."""
MOST_WRONG: Final = 1 / 3
"""Of the words. How well the engine hears is measured elsewhere."""
STEP_SECONDS: Final = 240
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)

BACKEND: Final = """\
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

app = FastAPI()


@app.get("/hello")
async def hello() -> str:
    return "hello"


app.mount("/", StaticFiles(directory="web/dist", html=True))
"""
FRONTEND: Final[Mapping[str, str]] = {
    "package.json": json.dumps({"name": "web", "private": True, "type": "module"}),
    "index.html": '<!doctype html><div id="root"></div>'
    '<script type="module" src="/main.tsx"></script>',
    "main.tsx": """\
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

function App() {
  return <h1>Ours</h1>;
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
""",
}
"""An application before anything is added to it."""


class StepError(Exception):
    """A step did not do what the page says."""


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Time the block and print its seconds."""
    begun = time.monotonic()
    yield
    print(f"{time.monotonic() - begun:6.1f} s  {name}", flush=True)


@dataclass
class Project:
    """The folder that it is added to.

    Attributes:
        folder: Empty at first.
        environment: What its commands see.
    """

    folder: Path
    environment: dict[str, str]

    async def run(self, command: str, within: str = ".", typed: str = "") -> str:
        """Run a line of shell and return what it printed.

        Raises:
            StepError: It ended with another status than 0, or not in time.
        """
        process = await self._start(command, within)
        try:
            async with asyncio.timeout(STEP_SECONDS):
                printed, said = await process.communicate(typed.encode())
        except TimeoutError as error:
            process.kill()
            raise StepError(f"{command}: not done in {STEP_SECONDS} s") from error
        if process.returncode:
            raise StepError(f"{command}\n{printed.decode()}{said.decode()}")
        return printed.decode()

    @asynccontextmanager
    async def served(self, command: str, url: str) -> AsyncIterator[None]:
        """Run a command for as long as the block does; it starts once `url` answers."""
        process = await self._start(f"exec {command}", ".")
        written, is_ready = asyncio.create_task(process.communicate()), answers(url)
        try:
            async with asyncio.timeout(60):
                while not (written.done() or await is_ready("")):  # noqa: ASYNC110 - over HTTP
                    await asyncio.sleep(0.1)
            if written.done():
                raise StepError(f"{command} ended:\n{(await written)[1].decode()}")
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await written

    async def _start(self, command: str, within: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_shell(
            command,
            cwd=self.folder / within,
            env=self.environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )


def blocks(language: str) -> list[str]:
    """Return the page's blocks of one language."""
    return [text for kind, text in _BLOCK.findall(PAGE.read_text()) if kind == language]


def put(text: str, values: Mapping[str, str]) -> str:
    """Return a block with this machine's values in the place of its examples."""
    for example, value in values.items():
        if example not in text:
            raise StepError(f"{PAGE.name} has no {example}")
        text = text.replace(example, value)
    return text


@asynccontextmanager
async def registry(tarball: Path, manifest: dict[str, object]) -> AsyncIterator[str]:
    """Serve one package as npm's registry does, and yield the address."""
    listener = listen("registry", "127.0.0.1", 0)
    url, version = url_of(listener), str(manifest["version"])
    own = manifest | {"dist": {"tarball": f"{url}/{tarball.name}"}}

    async def package(_: Request) -> Response:
        tags = {"latest": version}
        told = {"name": manifest["name"], "dist-tags": tags, "versions": {version: own}}
        return JSONResponse(told)

    async def archive(_: Request) -> Response:
        return FileResponse(tarball)

    routes = [Route(f"/{tarball.name}", archive), Route("/{name:path}", package)]
    async with serve(Starlette(routes=routes), listener):
        yield url


def check(heard: str, by: str) -> None:
    """Raise unless these are, by and large, the words of the recording."""
    wrong = word_error_rate(WORDS, heard)
    print(f"          {by}: {heard!r}")
    if wrong > MOST_WRONG:
        raise StepError(f"{by}: {wrong:.0%} of the words are wrong")


async def have_application(project: Project) -> None:
    """Write and install the application that is there before."""
    (project.folder / "main.py").write_text(BACKEND)
    web = project.folder / "web"
    web.mkdir()
    for name, text in FRONTEND.items():
        (web / name).write_text(text)
    await project.run(f"{shlex.quote(sys.executable)} -m venv .venv")
    await project.run("pip install fastapi uvicorn")
    await project.run("npm install react react-dom vite", "web")
    await project.run("npx vite build", "web")


async def add(project: Project, settings: Mapping[str, str], dsn: str, url: str) -> None:
    """Do what the page says, from its first command to the page that is built."""
    install, init, push = blocks("sh")[0].splitlines()
    with timed(install):
        await project.run(install)
    with timed(init):
        # The questions, in the order in which they are asked.
        options = shlex.join(f"--set={name}={value}" for name, value in settings.items())
        await project.run(f"{init} {options}")
    with timed(push):
        await project.run(f"{push} --yes --agent no '--remote={dsn}?sslmode=disable'")
    (project.folder / "main.py").write_text(
        put(BACKEND, {"app = FastAPI()\n": blocks("python")[0]})
    )
    [npm] = blocks("sh")[2].splitlines()
    with timed(npm):
        await project.run(npm, "web")
    with timed("the component, and the page built again"):
        web = project.folder / "web"
        (web / "Notes.tsx").write_text(put(blocks("tsx")[0], {"https://app.example.com": url}))
        main = put(FRONTEND["main.tsx"], {"<h1>Ours</h1>": "<Notes />"})
        (web / "main.tsx").write_text(f'import {{ Notes }} from "./Notes";\n{main}')
        await project.run("npx vite build", "web")


async def from_python(project: Project, values: Mapping[str, str]) -> None:
    """Run what the page says of the library."""
    live = blocks("python")[2]
    (project.folder / "live.py").write_text(put(live, values))
    printed = await project.run("python live.py")
    status, _, heard = printed.splitlines()[-1].partition(" ")
    if status != "complete":
        raise StepError(printed)
    check(heard, "the Python client")


def _is_ours(name: str) -> bool:
    """Return whether a variable would change what the services or pip do."""
    return name.lower() in Settings.model_fields or name == "VIRTUAL_ENV"


async def measure(folder: Path, tarball: Path) -> float:
    """Add it to an application in an empty folder, dictate, and return the seconds it took."""
    manifest = json.loads((ROOT / "frontend" / "package.json").read_text())
    port, bridge_port, metrics_port = free_ports(3)
    url = f"http://127.0.0.1:{port}"
    path = os.pathsep.join((str(folder / "app" / ".venv" / "bin"), os.environ["PATH"]))
    nothing = Namespace(engine=None, script=None, sessions=None)
    engine, _ = engine_of(nothing, WIRES["mistral"])
    supabase = folder / "app" / "supabase"
    supabase.mkdir(parents=True)
    (supabase / "config.toml").write_bytes((ROOT / "supabase" / "config.toml").read_bytes())
    stack = run_stack(folder / "stack", engine, port=0, provider_port=0, supabase=supabase)
    async with stack as running:
        async with registry(tarball, manifest) as packages:
            project = Project(
                folder / "app",
                {
                    **{name: value for name, value in os.environ.items() if not _is_ours(name)},
                    "PATH": path,
                    "PIP_FIND_LINKS": f"{DIST} {os.environ.get('PIP_FIND_LINKS', '')}",
                    "npm_config_yes": "true",
                    "MISTRAL_SERVER_URL": running.provider_url,
                    "BRIDGE_PORT": str(bridge_port),
                    "BRIDGE_METRICS_PORT": str(metrics_port),
                },
            )
            with timed("(an application of FastAPI, React and Vite)"):
                await have_application(project)
            (project.folder / "web" / ".npmrc").write_text(f"@utter:registry={packages}\n")
            begun = time.monotonic()
            settings = {
                "SUPABASE_URL": running.supabase.url,
                "SUPABASE_PUBLISHABLE_KEY": running.supabase.keys.publishable,
                "SUPABASE_SECRET_KEY": running.supabase.keys.secret,
                "MISTRAL_API_KEY": "local",
                "ALLOWED_ORIGINS": url,
                "BRIDGE_PUBLIC_URL": f"ws://127.0.0.1:{bridge_port}{REALTIME_PATH}",
            }
            await add(project, settings, running.postgres.dsn, url)
        [bridge] = blocks("sh")[1].splitlines()
        ready = f"http://127.0.0.1:{bridge_port}/readyz"
        async with (
            project.served(bridge, ready),
            project.served(f"uvicorn main:app --port {port}", f"{url}/api/config"),
        ):
            with timed("a dictation in the browser"):
                script = shlex.join(
                    ("node", str(DICTATE), url, str(SPEECH), str(len(WORDS.split()) - 2))
                )
                check(await project.run(script), "the field")
            seconds = time.monotonic() - begun
            values = {
                "https://abc.supabase.co": running.supabase.url,
                "sb_publishable_…": running.supabase.keys.publishable,
                "wss://app.example.com/live": settings["BRIDGE_PUBLIC_URL"],
                "talk.wav": str(SPEECH),
            }
            await from_python(project, values)
    return seconds


def main() -> int:
    """Run it; returns the exit status."""
    [tarball] = DIST.glob("*.tgz")
    try:
        with tempfile.TemporaryDirectory(prefix="utter-add-") as folder:
            seconds = asyncio.run(measure(Path(folder), tarball))
    except (StepError, StackError) as error:
        print(f"{PAGE.name} does not lead to a dictation: {error}", file=sys.stderr)
        return 1
    lines = sum(
        len(text.splitlines()) for text in (*blocks("sh"), blocks("python")[0], blocks("tsx")[0])
    )
    print(f"{seconds:6.1f} s  in all, with {lines} lines of commands and code")
    if seconds > LIMIT_SECONDS:
        print(f"{PAGE.name} promises {LIMIT_SECONDS} s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
