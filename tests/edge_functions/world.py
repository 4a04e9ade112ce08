"""The functions on loopback with all their neighbours: the small Supabase, a scripted provider."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from edge_functions.composition import compose
from edge_functions.server import serving
from edge_functions.services import Services
from local_stack.postgres import Postgres
from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.mistral.wire import MistralWire
from local_stack.provider.wire import Wire as ProviderWire
from shared_schema.batch import Problem
from tests.audio_files import write_audio
from tests.local_stack.world import TLS, Person, open_world
from tests.local_stack.world import World as Stack
from tests.waiting import until
from tests.wires import MISTRAL, Wire
from transcription.settings import Settings

KEY = "sk-very-secret-key-0123456789abcdef"
ORIGIN = "http://page.test"
PATH = "/api/transcriptions"


@dataclass(kw_only=True)
class Neighbours:
    """What functions of any kind stand beside: the small Supabase and a scripted provider."""

    stack: Stack
    engine: ScriptedEngine
    provider: ProviderServer
    refused_keys: set[str]
    """That the provider does not take."""

    async def usage_of(self, person: Person) -> list[dict[str, Any]]:
        """Return what the ledger holds of someone."""
        return await self.stack.execute(
            "select *, charged_seconds::float as charged from public.transcription_usage"
            " where user_id = %s order by opened_at",
            person.id,
        )

    async def objects_of(self, person: Person) -> list[str]:
        """Return the names of someone's recordings."""
        rows = await self.stack.execute(
            "select name from storage.objects where name like %s order by name", f"{person.id}/%"
        )
        return [row["name"] for row in rows]

    async def voices_of(self, person: Person) -> list[dict[str, Any]]:
        """Return someone's voices."""
        return await self.stack.execute(
            "select * from public.voices where user_id = %s order by created_at", person.id
        )

    async def has_nothing_of(self, person: Person, *, objects: list[str] | None = None) -> None:
        """Assert that no lease, voice or recording is left."""
        assert "open" not in {row["status"] for row in await self.usage_of(person)}
        assert await self.voices_of(person) == []
        assert await self.objects_of(person) == (objects or [])


@dataclass(kw_only=True)
class World(Neighbours):
    """Running functions and their neighbours."""

    services: Services
    http: httpx.AsyncClient
    """Nobody signed in."""
    port: int
    metrics_url: str
    folder: Path
    """Where uploads are kept."""

    @asynccontextmanager
    async def signed_in(self, person: Person) -> AsyncIterator[httpx.AsyncClient]:
        """Open a client with a person's token."""
        async with signed_in(self.http, person) as client:
            yield client

    def files(self) -> list[str]:
        """Return the uploads that lie on the disk."""
        return [one.name for one in self.folder.rglob("*") if one.is_file() and one.name != "lock"]

    async def is_clean(self, person: Person, *, objects: list[str] | None = None) -> None:
        """Wait until no file is left, and assert that no lease, voice or recording is."""
        await until(lambda: not self.files() and not len(self.services.uploads))
        await self.has_nothing_of(person, objects=objects)


@asynccontextmanager
async def signed_in(http: httpx.AsyncClient, person: Person) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client with a person's token, where another goes without."""
    headers = {"Authorization": f"Bearer {await person.token()}"}
    async with httpx.AsyncClient(
        base_url=http.base_url, headers=headers, timeout=20, verify=TLS
    ) as client:
        yield client


@asynccontextmanager
async def neighbours(
    postgres: Postgres,
    folder: Path,
    script: Any = None,
    *,
    wire: Wire = MISTRAL,
    served: ProviderWire | None = None,
    cards: Any = None,
) -> AsyncIterator[Neighbours]:
    """Run what functions stand beside; the arguments are those of `running`."""
    script = script if script is not None else Script(text="one two three")
    engine = wire.engine(script, cards)
    speaking = served or wire.served.wire()
    async with (
        open_world(postgres, folder / "supabase") as stack,
        serve(engine, wire=speaking) as provider,
    ):
        refused = speaking.refused_keys if isinstance(speaking, MistralWire) else set()
        yield Neighbours(stack=stack, engine=engine, provider=provider, refused_keys=refused)


def settings_of(
    near: Neighbours, folder: Path, *, wire: Wire = MISTRAL, **settings: Any
) -> Settings:
    """Return the settings of functions beside what runs; `settings` replace the tests' own."""
    uploads = folder / "uploads"
    uploads.mkdir()
    values: dict[str, Any] = {
        "_env_file": None,
        "supabase_url": near.stack.supabase.url,
        "supabase_publishable_key": near.stack.supabase.keys.publishable,
        "supabase_secret_key": near.stack.supabase.keys.secret,
        **wire.settings(near.provider.url, KEY),
        "allowed_origins": ORIGIN,
        "functions_port": 0,
        "functions_metrics_port": 0,
        "functions_inspect_workers": 1,
        "functions_upload_dir": uploads,
        "functions_page_dir": folder / "no-page",
        "functions_sweep_seconds": 0,
        # Asked once: a test that mocks the provider's HTTP is asked by nobody else.
        "provider_health_seconds": 3600,
    }
    return Settings(**(values | settings))


@asynccontextmanager
async def beside(
    near: Neighbours, folder: Path, *, wire: Wire = MISTRAL, **settings: Any
) -> AsyncIterator[World]:
    """Run the functions beside what runs already; `settings` replace the tests' own."""
    chosen = settings_of(near, folder, wire=wire, **settings)
    async with (
        compose(chosen) as services,
        serving(services) as address,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{address.port}", timeout=20) as http,
    ):
        await asyncio.wait_for(services.shell.warm.wait(), 10)
        yield World(
            stack=near.stack,
            engine=near.engine,
            provider=near.provider,
            refused_keys=near.refused_keys,
            services=services,
            http=http,
            port=address.port,
            metrics_url=f"http://127.0.0.1:{address.metrics_port}/metrics",
            folder=folder / "uploads",
        )


@asynccontextmanager
async def running(
    postgres: Postgres,
    folder: Path,
    script: Any = None,
    *,
    wire: Wire = MISTRAL,
    served: ProviderWire | None = None,
    cards: Any = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Run the functions and their neighbours.

    Args:
        postgres: Where databases are made.
        folder: For everything that is kept.
        script: What the provider says.
        wire: How it says it.
        served: The provider's end of that, where a test looks into it.
        cards: Take the place of those of the models that the provider has.
        settings: Replace the tests' own.
    """
    async with (
        neighbours(postgres, folder, script, wire=wire, served=served, cards=cards) as near,
        beside(near, folder, wire=wire, **settings) as world,
    ):
        yield world


async def speak(
    port: int,
    token: str,
    path: str,
    *,
    headers: dict[str, str],
    body: AsyncIterator[bytes],
    until: bytes | None = None,
) -> tuple[bytes, int]:
    """Send a request by hand, until an answer comes.

    Args:
        port: Where the service listens.
        token: The caller's.
        path: What is asked for.
        headers: Besides the token's.
        body: As it stands on the wire.
        until: What ends the reading of the answer; None: the end of the connection.

    Returns:
        All that was answered until the socket was closed, and how many bytes of the body were
        sent before the answer began.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode())
        answered = asyncio.create_task(reader.read(65_536))
        sent = 0
        async for piece in body:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            if answered.done():
                break
        answer = await answered
        while until is None or until not in answer:
            more = await reader.read(65_536)
            if not more:
                break
            answer += more
        return answer, sent
    finally:
        writer.close()


async def half_an_upload(
    port: int, token: str, path: str, *, size: int = 1_000_000
) -> asyncio.StreamWriter:
    """Send the beginning of a form with a file, and keep the connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
    )
    writer.write(head.encode() + bytes(size))
    await writer.drain()
    return writer


def problem(response: httpx.Response) -> Problem:
    """Return a refusal, which must be well formed."""
    assert response.headers["content-type"] == "application/problem+json"
    told = Problem.model_validate(response.json())
    assert told.status == response.status_code
    if told.retry_after is not None:
        assert int(response.headers["retry-after"]) >= told.retry_after
    return told


def events(text: str) -> list[dict[str, Any]]:
    """Return the data of server-sent events, each of which is named after its type."""
    told = []
    for block in re.split(r"\n\n", text.strip()):
        if block.startswith(":"):
            continue
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        told.append(event)
    return told


def wav(folder: Path, seconds: float = 4.0, name: str = "speech.wav") -> Path:
    """Write a recording."""
    return write_audio(folder / name, "wav", seconds=seconds, rate=16_000)
