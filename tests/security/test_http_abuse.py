"""Connections to the functions that say nothing, too slowly, or read nothing; greedy users."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, Script
from tests.edge_functions.world import PATH, World, problem, running
from tests.security.strangers import CROWD, REAL, Stranger, Strangers, addresses, strangers
from tests.sockets import connections
from tests.waiting import FairClock, until, within

pytestmark = pytest.mark.asyncio(loop_scope="session")

THOUSAND: Final = 1000
HEAD: Final = b"GET /api/config HTTP/1.1\r\nHost: functions.test\r\n\r\n"
FORM: Final = "multipart/form-data; boundary=frontier"
BEGINNING: Final = b'--frontier\r\nContent-Disposition: form-data; name="audio"\r\n\r\n'
SLOW: Final = Script(text="one", batch=BatchScript(think_ms=60_000))


@asynccontextmanager
async def besieged(
    postgres: Postgres, folder: Path, script: Script | None = None, **settings: Any
) -> AsyncIterator[tuple[World, Strangers]]:
    """Run the functions, with strangers at their port."""
    async with (
        running(postgres, folder, script, **settings) as world,
        strangers(str(world.http.base_url)) as crowd,
    ):
        yield world, crowd


async def _ask(world: World, source: str) -> float:
    """Come as an honest client that tries again; return the seconds until it was answered."""
    transport = httpx.AsyncHTTPTransport(local_address=source)
    async with httpx.AsyncClient(base_url=world.http.base_url, transport=transport) as client:
        with FairClock() as clock:
            while True:
                try:
                    assert (await client.get("/api/config")).status_code == 200
                    return clock.seconds
                except httpx.TransportError:
                    assert clock.seconds < 10
                    await asyncio.sleep(0.1)


def _upload(token: str, *, length: int | None = None) -> bytes:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: functions.test\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {FORM}\r\n{framing}\r\n\r\n"
    ).encode()


async def test_a_thousand_silent_connections_of_one_address_take_its_share(
    postgres: Postgres, tmp_path: Path
) -> None:
    """One address holds its share of connections until their time is up; others are free."""
    async with besieged(postgres, tmp_path, functions_head_seconds=2) as (world, crowd):
        await crowd.come([CROWD] * THOUSAND)
        await until(lambda: crowd.open <= 250)
        assert await _ask(world, REAL) < 2
        assert await _ask(world, CROWD) < 6
        await until(lambda: crowd.open == 0, seconds=5)


async def test_a_thousand_connections_of_many_addresses_leave_room(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Where no address has too many, those that wait for the end of a head give way."""
    async with besieged(postgres, tmp_path, functions_max_connections=300) as (world, crowd):
        await crowd.come(addresses(250) * (THOUSAND // 250), HEAD[:20])
        await until(lambda: crowd.open <= 300)
        assert await _ask(world, REAL) < 6


async def test_who_is_being_served_does_not_give_way(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """A request that is being answered is not cut off for newcomers, who are turned away."""
    script = Script(text="one two three", batch=BatchScript(think_ms=1500))
    limits: dict[str, Any] = {
        "functions_max_connections": 3,
        "functions_max_connections_per_address": 3,
    }
    async with besieged(postgres, tmp_path, script, **limits) as (world, crowd):
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            asked = asyncio.create_task(client.post(PATH, files={"audio": speech}))
            await until(lambda: len(world.provider.requests) == 1)
            await crowd.come([CROWD] * 50)
            await asyncio.sleep(1.1)
            await crowd.come([CROWD] * 50)
            assert (await asked).json()["text"] == "one two three"
        await world.is_clean(person)


async def test_a_head_byte_by_byte_ends_at_the_limit(postgres: Postgres, tmp_path: Path) -> None:
    """A first head, and a second one on the same connection, that trickles in is cut off."""
    async with besieged(postgres, tmp_path, functions_head_seconds=1) as (_, crowd):
        first, second = await crowd.come([CROWD] * 2)
        second.send(HEAD)
        await second.hear(b"supabase_url")

        async def trickle() -> None:
            for byte in HEAD * 10:
                for one in (first, second):
                    one.send(bytes((byte,)))
                await asyncio.sleep(0.1)

        trickling = asyncio.create_task(trickle())
        try:
            await until(lambda: crowd.open == 0, seconds=6)
        finally:
            trickling.cancel()


async def test_a_body_that_trickles_ends_at_the_limit(postgres: Postgres, tmp_path: Path) -> None:
    """A body must bring a rate on average: a place among the uploads is not held for nothing."""
    pace: dict[str, Any] = {"functions_upload_idle_seconds": 0.5, "functions_upload_min_rate": 8192}
    async with besieged(postgres, tmp_path, **pace) as (world, crowd):
        person = await world.stack.person("ada@example.com")
        (slow,) = await crowd.come([CROWD], _upload(await person.token(), length=10_000_000))
        slow.send(BEGINNING)
        async with within(6):
            while slow.open and b"too slowly" not in slow.heard:
                slow.send(bytes(100))
                await asyncio.sleep(0.05)
        assert slow.heard.startswith(b"HTTP/1.1 408")
        await world.is_clean(person)


async def test_an_answer_that_is_not_read_is_given_up(postgres: Postgres, tmp_path: Path) -> None:
    """Who asks for much and reads nothing is left, and keeps no connection."""
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html>")
    (page / "assets" / "large.js").write_bytes(bytes(20_000_000))
    settings: dict[str, Any] = {"functions_page_dir": page, "functions_unread_seconds": 1}
    async with besieged(postgres, tmp_path, **settings) as (world, crowd):
        unread = await crowd.come([CROWD] * 5)
        for one in unread:
            one.stop_reading()
            one.send(HEAD.replace(b"/api/config", b"/assets/large.js"))
        await until(lambda: _connections(world.port) == 5)
        await until(lambda: _connections(world.port) == 0, seconds=5)
        for one in unread:
            one.read_on()


def _connections(port: int) -> int:
    """Return how many connections this process has at one of its own ports."""
    return sum(ours == port for ours, _ in connections())


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_body_of_tiny_chunks_is_refused(
    postgres: Postgres, tmp_path: Path, signed_in: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Chunks of a byte cost as much as large ones: a body of them is no more than begun."""
    async with besieged(postgres, tmp_path) as (world, crowd):
        person = await world.stack.person("ada@example.com")
        token = await person.token() if signed_in else "nobody"
        (stranger,) = await crowd.come([CROWD], _upload(token))
        beginning = b"%x\r\n%b\r\n" % (len(BEGINNING), BEGINNING)
        sent = await _pour(stranger, beginning + b"1\r\nx\r\n" * 10_000)
        assert sent < 1_000_000
        assert stranger.heard.startswith(b"HTTP/1.1 400" if signed_in else b"HTTP/1.1 4")
        await world.is_clean(person)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def _pour(stranger: Stranger, data: bytes) -> int:
    """Send the same again and again until the other end hangs up."""
    sent = 0
    while stranger.open and sent < 10_000_000:
        stranger.send(data)
        sent += len(data)
        await asyncio.sleep(0.02)
    return sent


async def test_garbage_behind_a_request_is_no_bug(
    postgres: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no HTTP ends the connection, before an answer, within a body and after one."""
    garbage = b"\x00\x01\x02 GET\r\n\r\n"
    async with besieged(postgres, tmp_path) as (world, crowd):
        person = await world.stack.person("ada@example.com")
        upload = _upload(await person.token())
        nobody = _upload("nobody")
        for said in (garbage, HEAD + garbage, upload + garbage, nobody + b"1\r\nx\r\n" + garbage):
            (stranger,) = await crowd.come([CROWD], said)
            async with within(5):
                await stranger.lost.wait()
            assert stranger.heard.startswith(b"HTTP/1.1 ")
        assert await _ask(world, REAL) < 2
        await world.is_clean(person)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_no_body_is_decompressed(postgres: Postgres, tmp_path: Path) -> None:
    """A body is read as it is: what would unfold into a hundred megabytes is nonsense."""
    body = gzip.compress(bytes(100_000_000), compresslevel=1)
    async with running(postgres, tmp_path) as world:
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            for content_type in (FORM, "application/json"):
                headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
                told = problem(await client.post(PATH, content=body, headers=headers))
                assert told.code in {"invalid_message", "payload_too_large"}
        await world.is_clean(person)


@pytest.mark.parametrize("what", ["user", "address"])
async def test_nobody_takes_every_place_for_uploads(
    postgres: Postgres, tmp_path: Path, what: str, speech: bytes
) -> None:
    """One user, and one address, has a share of the places; others upload all the same."""
    limits: dict[str, Any] = {"functions_max_uploads": 4, f"functions_max_uploads_per_{what}": 2}
    async with besieged(postgres, tmp_path, **limits) as (world, crowd):
        ada = await world.stack.person("ada@example.com")
        bob = await world.stack.person("bob@example.com")
        greedy = [ada, ada] if what == "user" else [ada, bob]
        for person in greedy:
            said = _upload(await person.token(), length=1_000_000) + BEGINNING
            await crowd.come([CROWD], said)
        await until(lambda: len(world.services.uploads) == 2)
        third = await _post(world, await ada.token(), CROWD, speech)
        assert problem(third).code == "capacity"
        assert (await _post(world, await bob.token(), REAL, speech)).status_code == 200
        for one in crowd.all:
            one.hang_up()
        await world.is_clean(ada)
        await world.is_clean(bob)
        assert (await _post(world, await ada.token(), CROWD, speech)).status_code == 200


async def test_bodies_that_trickle_give_way_to_an_upload(
    postgres: Postgres, tmp_path: Path, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two addresses that hold every place with bodies that hardly come keep nobody out."""
    monkeypatch.setattr("edge_functions.uploads.SPARED_SECONDS", 0.0)
    limits: dict[str, Any] = {"functions_max_uploads": 4, "functions_max_uploads_per_address": 2}
    async with besieged(postgres, tmp_path, **limits) as (world, crowd):
        ada = await world.stack.person("ada@example.com")
        bob = await world.stack.person("bob@example.com")
        said = _upload(await ada.token(), length=1_000_000) + BEGINNING
        await crowd.come([CROWD, *addresses(1)] * 2, said)
        await until(lambda: len(world.services.uploads) == 4)
        assert (await _post(world, await bob.token(), REAL, speech)).status_code == 200
        await until(lambda: sum(b"HTTP/1.1 503" in one.heard for one in crowd.all) == 1)
        for one in crowd.all:
            one.hang_up()
        await world.is_clean(ada)


async def _post(world: World, token: str, source: str, speech: bytes) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(local_address=source)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=world.http.base_url, transport=transport, headers=headers, timeout=20
    ) as client:
        return await client.post(PATH, files={"audio": speech})


async def test_uploads_take_no_more_of_the_disk_than_their_places(
    postgres: Postgres, tmp_path: Path
) -> None:
    """However many come, the folder holds so many files of the greatest size and no more."""
    limit = 1_000_000
    settings: dict[str, Any] = {"functions_max_uploads": 3, "max_upload_bytes": limit}
    async with besieged(postgres, tmp_path, **settings) as (world, crowd):
        person = await world.stack.person("ada@example.com")
        said = _upload(await person.token(), length=limit + 400_000) + BEGINNING
        await crowd.come([CROWD] * 8, said + bytes(limit))
        await until(lambda: sum(b"HTTP/1.1 503" in one.heard for one in crowd.all) == 5)
        size = sum(file.stat().st_size for file in world.folder.rglob("[0-9]*"))
        assert size <= 3 * limit
        for one in crowd.all:
            one.send(bytes(300_000))
        await until(lambda: sum(b"HTTP/1.1 413" in one.heard for one in crowd.all) == 3)
        await world.is_clean(person)
