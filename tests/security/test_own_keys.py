"""Where a key of a user's own can be found, after everything was done with it: nowhere."""

import asyncio
import base64
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg
import pytest
import pytest_asyncio

from local_stack.binaries import Binaries
from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, Script
from tests.local_stack.world import Person
from tests.own_keys import ring_key
from tests.security.services import Services, services
from tests.ws_bridge.world import SILENCE, START

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS: Final = (
    "0wnKeyOfAdaThatWorksWell01234567",
    "0wnKeyOfAdaInItsPlaceAfter890123",
    "0wnKeyOfBobThatNobodyTakes456789",
)
FAULTY: Final = ("0wn Key With A Fault In It", "0wnKeyThatIsTooLong" * 20)
FILE: Final = "/api/transcriptions"
WHERE: Final = "/api/provider-key"


@dataclass
class Run:
    """All that was said and kept."""

    said: Services
    metrics: list[str] = field(default_factory=list)
    dump: bytes = b""
    cluster: dict[str, bytes] = field(default_factory=dict)
    """Every file of the database's server, by name."""

    @property
    def answers(self) -> list[str]:
        """Every answer's head and body, every message, every metric."""
        heads = [f"{one.status_code} {one.headers.multi_items()}" for one in self.said.answers]
        bodies = [one.text for one in self.said.answers]
        return heads + bodies + self.said.messages + self.metrics


def forms(secret: bytes) -> Iterator[bytes]:
    """Return how a secret can stand somewhere: plain, in base64 at any offset, in hex."""
    yield secret
    yield secret.hex().encode()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + secret)
        whole = encoded[4 if offset else 0 : -4]  # what neighbours change is left out
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def found(where: bytes) -> list[bytes]:
    """Return which secrets stand somewhere, in any form."""
    secrets = [key.encode() for key in (*KEYS, *FAULTY)] + [ring_key("2026a")]
    return [secret for secret in secrets if any(form in where for form in forms(secret))]


async def _use(run: Run, person: Person, speech: bytes) -> None:
    """Transcribe in every way."""
    token = await person.token()
    bearer = {"Authorization": f"Bearer {token}"}
    for more in ({}, {"Accept": "text/event-stream"}, {"Idempotency-Key": "once"}):
        await run.said.http.post(FILE, files={"audio": speech}, headers=bearer | more)
    start = {**START, "access_token": token}
    await run.said.say(start, SILENCE, SILENCE, {"type": "stop"})


async def _live(run: Run, ada: Person, bob: Person, speech: bytes) -> None:
    """Store, show, test, use, replace and forget keys, well and badly."""
    http = run.said.http
    as_ada = {"Authorization": f"Bearer {await ada.token()}"}
    as_bob = {"Authorization": f"Bearer {await bob.token()}"}
    for key in KEYS[:2]:
        await http.put(WHERE, json={"key": key}, headers=as_ada)
        await http.get(WHERE, headers=as_ada)
        await http.post(f"{WHERE}/test", headers=as_ada)
        await _use(run, ada, speech)
    for faulty in FAULTY:
        await http.put(WHERE, json={"key": faulty}, headers=as_ada)
        await http.put(WHERE, content=f'{{"key": "{faulty}"', headers=as_ada)
        await http.put(WHERE, json={"key": KEYS[0], "other": faulty}, headers=as_ada)
        await http.put(WHERE, json={"key": [faulty]}, headers=as_ada)
    run.said.refused_keys.add(KEYS[2])
    await http.put(WHERE, json={"key": KEYS[2]}, headers=as_bob)
    await http.post(f"{WHERE}/test", headers=as_bob)
    await _use(run, bob, speech)
    # A provider that repeats the key that it was sent.
    for status in (401, 403, 422, 500):
        told = f"Invalid key {KEYS[1]} in 'Bearer {KEYS[1]}'"
        run.said.engine.script = Script(
            batch=BatchScript(status=status, message=told),
            refuse_status=status,
            refuse_message=told,
        )
        await _use(run, ada, speech)
    run.said.engine.script = Script(text="one two", error_at_frame=1, error_message=told)
    await _use(run, ada, speech)
    # Keys that cannot be read.
    await run.said.stack.execute("update public.own_keys set ring_key = 'gone' where true")
    await http.get(WHERE, headers=as_ada)
    await http.post(f"{WHERE}/test", headers=as_ada)
    await _use(run, ada, speech)
    await run.said.stack.execute("update public.own_keys set ring_key = '2026a' where true")
    await http.get("/api/usage", headers=as_ada)
    await http.get("/api/openapi.json")


async def _cluster(dsn: str) -> Path:
    """Return the server's folder, with all that it knows written down."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("checkpoint")
        row = await (await connection.execute("show data_directory")).fetchone()
        assert row is not None
        return Path(row[0])


async def _dump(binaries: Binaries, dsn: str) -> bytes:
    """Return the whole database as its superuser sees it."""
    process = await create_subprocess_exec(
        str(binaries.folder / "pg_dump"), dsn, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out


def _files(folder: Path) -> dict[str, bytes]:
    names = [one for one in folder.rglob("*") if one.is_file()]
    return {str(one.relative_to(folder)): one.read_bytes() for one in names}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def run(
    postgres: Postgres,
    postgres_binaries: Binaries,
    tmp_path_factory: pytest.TempPathFactory,
    speech: bytes,
) -> AsyncIterator[Run]:
    """Everything was done, and both processes have ended."""
    folder = tmp_path_factory.mktemp("run")
    async with services(postgres, folder, Script(text="one two")) as said:
        run = Run(said)
        ada = await said.stack.person("ada@example.com")
        bob = await said.stack.person("bob@example.com")
        await _live(run, ada, bob, speech)
        async with httpx.AsyncClient() as operator:
            run.metrics = [(await operator.get(url)).text for url in said.metrics_urls]
        [row] = await said.stack.execute("select current_database() as name")
        superuser = postgres.dsn_of("supabase_admin", row["name"])
        run.dump = await _dump(postgres_binaries, superuser)
        run.cluster = await asyncio.to_thread(_files, await _cluster(superuser))
    yield run


async def test_the_keys_were_used(run: Run) -> None:
    """The other tests look at a run in which own keys worked, and failed in each way."""
    used = {
        headers["authorization"].removeprefix("Bearer ")
        for headers in (
            *(one.headers for one in run.said.provider.requests),
            *(one.headers for one in run.said.provider.sessions),
        )
    }
    assert used == set(KEYS)
    for code in ("own_key_refused", "own_key_unreadable", "provider_rejected", "invalid_message"):
        assert any(f'"code":"{code}"' in answer for answer in run.answers), code
    for code in ("own_key_refused", "own_key_unreadable"):
        assert any(f'"code":"{code}"' in message for message in run.said.messages), code


async def test_no_answer_holds_a_key(run: Run) -> None:
    """No answer, message or metric of either service holds a user's own key, nor the ring's."""
    assert not found("\n".join(run.answers).encode())


async def test_no_log_line_holds_a_key(run: Run) -> None:
    """At every level, neither service writes a user's own key, nor the ring's."""
    events = {log["event"] for log in run.said.functions.logs + run.said.bridge.logs}
    assert {"transcription", "own_key_refused", "own_key_unreadable"} <= events
    assert not found("\n".join(run.said.lines).encode())


async def test_no_dump_of_the_database_holds_a_key(run: Run) -> None:
    """The whole database, read as its superuser, holds no user's key and no ring key."""
    assert run.dump.count(b"2026a") == 2
    assert KEYS[1][-4:].encode() in run.dump
    assert not found(run.dump)


async def test_no_file_of_the_database_holds_a_key(run: Run) -> None:
    """Neither tables, nor indexes, nor the log of what was written holds a user's key."""
    assert any(name.startswith("pg_wal/") for name in run.cluster)
    assert any(KEYS[1][-4:].encode() in content for content in run.cluster.values())
    assert [name for name, content in run.cluster.items() if found(content)] == []


@pytest.mark.parametrize("offset", [0, 1, 2])
async def test_the_search_finds_what_it_is_for(offset: int) -> None:
    """A key that stood somewhere, plain or encoded, would be found."""
    secret = KEYS[0].encode()
    around = bytes(range(offset)) + secret + b"and more"
    for where in (
        around,
        around.hex().encode(),
        base64.b64encode(around),
        base64.urlsafe_b64encode(around),
    ):
        assert found(b"text before " + where) == [secret]
    assert found(b"nothing of the kind") == []
