"""The drill of the runbook's "Back up" and "Restore": both are lost, both come back."""

import asyncio
import re
import shlex
from pathlib import Path
from typing import Final

import httpx

from local_stack.binaries import Binaries
from local_stack.postgres import Postgres
from tests.deploy.files import ROOT
from tests.edge_functions.world import World, beside, neighbours, running
from tests.local_stack.world import BUCKET, PASSWORD
from tests.local_stack.world import World as Stack

EMAIL: Final = "ada@example.com"
WORDS: Final = "The words that are spoken."
RUNBOOK: Final = (ROOT / "docs" / "runbook.md").read_text()
LOST: Final = """
select v.id from public.voices as v
where not exists (select from storage.objects as o where o.name = v.storage_path)
"""


async def test_postgres_and_recordings_come_back(
    postgres: Postgres, postgres_binaries: Binaries, tmp_path: Path, speech: bytes
) -> None:
    """A new project with the copies serves the voice of someone who signs in as ever."""
    backup = tmp_path / "backup"
    backup.mkdir()
    async with running(postgres, tmp_path / "lost") as world:
        voice_id, used = await _work(world, speech)
        await _save(world.stack, postgres, postgres_binaries, backup)
    async with neighbours(postgres, tmp_path / "found") as near:
        await _bring_back(near.stack, postgres, postgres_binaries, backup)
        async with beside(near, tmp_path / "found") as world:
            client = await world.stack.client()
            await client.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})
            session = await client.auth.get_session()
            assert session is not None
            headers = {"Authorization": f"Bearer {session.access_token}"}
            found = (await world.http.get(f"/api/voices/{voice_id}", headers=headers)).json()
            assert found["transcript"] == WORDS
            async with httpx.AsyncClient(trust_env=False) as http:
                played = await http.get(found["audio_url"])
            assert played.content == speech
            usage = (await world.http.get("/api/usage", headers=headers)).json()
            assert usage["batch"]["used_seconds"] == used > 0
            assert await world.stack.execute(LOST) == []


async def _work(world: World, speech: bytes) -> tuple[str, float]:
    """Transcribe a file and store a voice; return its id, and the seconds that were used."""
    ada = await world.stack.person(EMAIL)
    async with world.signed_in(ada) as http:
        audio = {"audio": ("speech.wav", speech, "audio/wav")}
        (await http.post("/api/transcriptions", files=audio)).raise_for_status()
        fields = {"name": "Ada", "transcript": WORDS, "language": "English"}
        answer = (await http.post("/api/clone", data=fields, files=audio)).raise_for_status()
        usage = (await http.get("/api/usage")).json()
        return answer.json()["voice_id"], usage["batch"]["used_seconds"]


async def _save(stack: Stack, postgres: Postgres, binaries: Binaries, backup: Path) -> None:
    """Copy what Postgres holds, and every recording."""
    [command] = _commands("pg_dump")
    dsn = postgres.dsn_of("supabase_admin", await _database(stack))
    await _run(str(binaries.folder / "pg_dump"), *_in(backup, command), dsn)
    service = await stack.service()
    for row in await stack.execute("select name from storage.objects"):
        file = backup / BUCKET / row["name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(await service.storage.from_(BUCKET).download(row["name"]))


async def _bring_back(stack: Stack, postgres: Postgres, binaries: Binaries, backup: Path) -> None:
    """Fill a new project, whose migrations are applied."""
    psql = str(binaries.folder / "psql")
    dsn = postgres.dsn_of("supabase_admin", await _database(stack))
    for command in _commands("psql"):
        await _run(psql, *_in(backup, command), dsn)
    service = await stack.service()
    folder = backup / BUCKET
    for file in (one for one in folder.rglob("*") if one.is_file()):
        await service.storage.from_(BUCKET).upload(
            str(file.relative_to(folder)), file.read_bytes(), {"content-type": "audio/wav"}
        )


def _commands(program: str) -> list[list[str]]:
    """Return the runbook's commands of a program, in order, without its name and the address."""
    lines = re.findall(rf'^{program} (.*) "\$DATABASE_URL"$', RUNBOOK, re.M)
    assert lines
    return [shlex.split(line.replace(r"\$", "$")) for line in lines]


def _in(backup: Path, command: list[str]) -> list[str]:
    return [word.replace("backup/", f"{backup}/") for word in command]


async def _database(stack: Stack) -> str:
    [row] = await stack.execute("select current_database() as name")
    return str(row["name"])


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
