"""The image: not built by any Docker here, but held to a linter, the tree and the settings."""

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from pathspec import GitIgnoreSpec

from tests.deploy.files import DEPLOY, ROOT
from tests.test_architecture import MAY_IMPORT
from transcription.settings import Settings

DOCKERFILE: Final = DEPLOY / "Dockerfile"
TEXT: Final = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text())
FINAL: Final = TEXT[TEXT.rindex("\nFROM ") :]


def _instructions(name: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


@pytest.mark.process
async def test_the_linter_finds_nothing() -> None:
    """The linter, hadolint, has no complaint."""
    linter = Path(sys.executable).parent / "hadolint"
    process = await asyncio.create_subprocess_exec(
        linter, DOCKERFILE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    assert (process.returncode, told.decode()) == (0, "")


@pytest.mark.process
def test_the_context_holds_what_is_copied_and_no_more() -> None:
    """The build's context holds the code that the image copies, and nothing beside it.

    Docker's patterns: the last that matches a path decides.
    """
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    ignored = GitIgnoreSpec.from_lines(lines)
    copied = {
        path.rstrip("/")
        for line in _instructions("COPY")
        if not line.startswith("--from=")
        for path in line.split()[:-1]
    }
    tracked = subprocess.run(
        ("git", "ls-files"),  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    let_in = {path for path in tracked if not ignored.match_file(path)}
    assert all((ROOT / path).exists() for path in copied)
    assert all(any(one == path or one.startswith(f"{path}/") for one in let_in) for path in copied)
    assert all(any(one == path or one.startswith(f"{path}/") for path in copied) for one in let_in)
    needed = re.compile(
        r"(shared_schema|transcription|ws_bridge|edge_functions)/.*\.(py|html)$"
        r"|frontend/(src|public)/|frontend/[\w.]+\.(json|html|ts)$"
    )
    left_out = {path for path in tracked if needed.match(path)} - let_in
    assert left_out <= {"frontend/biome.json"}
    for planted in ("key.pem", ".env", "keys.env", "id_rsa", "secrets.json", "notes.txt"):
        for folder in ("", "ws_bridge/", "edge_functions/templates/", "frontend/src/page/"):
            assert ignored.match_file(folder + planted), folder + planted


def test_what_the_services_import_is_copied() -> None:
    """The services and all that they import are in the image; client and local stack are not."""
    copied = {line.split()[0].rstrip("/") for line in _instructions("COPY")}
    services = {"ws_bridge", "edge_functions"}
    assert copied & set(MAY_IMPORT) == services.union(*(MAY_IMPORT[one] for one in services))


def test_what_is_installed_is_locked() -> None:
    """The image takes the lock as it is, with what services and traces need and no more."""
    for line in _instructions("RUN"):
        if "uv sync" in line:
            assert "--frozen --no-default-groups --extra services --extra otel" in line
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"services", "otel"} <= set(extras["optional-dependencies"])
    [version] = re.findall(r"uv==([\d.]+)", TEXT)
    assert f"UV_VERSION := {version}" in (ROOT / "Makefile").read_text()


def test_nobody_is_root() -> None:
    """The last stage runs as a user of its own, by number, so that a cluster can tell."""
    [user] = _instructions("USER", FINAL)
    assert user == "10001"
    assert FINAL.index("\nUSER ") < FINAL.index("\nCMD ")


def test_the_environment_holds_settings() -> None:
    """What the image sets are settings of the services, apart from the health check's port."""
    [environment] = _instructions("ENV", FINAL)
    names = {pair.split("=")[0] for pair in environment.split()}
    known = {name.upper() for name in Settings.model_fields}
    assert names - known == {"PATH", "PYTHONUNBUFFERED", "HEALTH_PORT"}


def test_ports_are_those_that_are_served() -> None:
    """The image names the four ports that the services listen on."""
    fields = Settings.model_fields
    served = {
        fields[f"{one}_port"].default
        for one in ("bridge", "functions", "bridge_metrics", "functions_metrics")
    }
    [exposed] = _instructions("EXPOSE")
    assert {int(port) for port in exposed.split()} == served


def test_the_page_is_where_it_is_looked_for() -> None:
    """The built page lies where the functions look for it by default."""
    [folder] = _instructions("WORKDIR", FINAL)
    page = Path(folder) / Settings.model_fields["functions_page_dir"].default
    [source] = [line for line in _instructions("COPY", FINAL) if line.startswith("--from=page")]
    assert source.split()[-1] == str(page)


@pytest.mark.process
async def test_the_health_check_tells_health() -> None:
    """The image's health check succeeds where something is healthy, and fails where nothing is."""
    [command] = re.findall(r"^HEALTHCHECK .*CMD \[(.*)\]$", TEXT, re.MULTILINE)
    [_, _, program] = [part.strip('"') for part in command.split(", ", 2)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = head.startswith(b"GET /healthz ")
        status = b"200 OK" if found else b"404 Not Found"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def check() -> int | None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program),
            env={"HEALTH_PORT": str(port)},
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait()

    async with server:
        assert await check() == 0
    assert await check() != 0
