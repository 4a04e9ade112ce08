"""Calls of the database's functions."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.waiting import until
from transcription.errors import BackendUnavailable
from transcription.rpc import ATTEMPTS, MAX_CONNECTIONS, BackendUnreached, Rpc, connect

SECRET = "sb_secret_of_ours"

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def calls(answer: Answer, *, timeout_seconds: float = 5.0) -> AsyncIterator[Rpc]:
    """Call the functions of a project on loopback that answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, connect(url, SecretStr(SECRET), timeout_seconds=timeout_seconds) as rpc:
        yield rpc


async def request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Return a request's first line, its headers in lower case, and its body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return first, headers, await reader.readexactly(int(headers["content-length"]))


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an answer as it stands on the wire."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return head.encode() + b"\r\n\r\n" + body


async def test_a_call_is_what_postgrest_takes() -> None:
    """Arguments go as JSON, with the secret key; the answer is the function's; lines are kept."""
    lines = 0
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lines
        lines += 1
        seen.append(await request(reader))
        cookie = "Set-Cookie: a=b"
        writer.write(response("200 OK", b'{"used": 1.5}', "Content-Type: text/html", cookie))
        seen.append(await request(reader))
        writer.write(response("204 No Content"))
        await reader.read()

    async with calls(answer) as rpc:
        assert await rpc.call("usage_today", user_id="ada", is_anonymous=False) == {"used": 1.5}
        assert await rpc.call("usage_today") is None
    assert lines == 1
    first, headers, body = seen[0]
    assert first == "POST /rest/v1/rpc/usage_today HTTP/1.1"
    assert json.loads(body) == {"user_id": "ada", "is_anonymous": False}
    assert headers["content-type"] == "application/json"
    assert (headers["apikey"], headers["authorization"]) == (SECRET, f"Bearer {SECRET}")
    assert "cookie" not in seen[1][1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response("404 Not Found", b'{"code":"PGRST202","message":"secret words"}'), "PGRST202"),
        (response("503 Service Unavailable", b"<html>secret words</html>"), 503),
        (response("302 Found", b"", "Location: http://127.0.0.1:9/elsewhere"), 302),
        (response("500 Internal Server Error", b'["secret words"]'), 500),
    ],
    ids=["function", "gateway", "redirect", "list"],
)
async def test_a_refusal_is_told_by_its_code(answer: bytes, reason: object) -> None:
    """What the database or a gateway refuses is logged by its code, and not tried again."""
    asked = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while True:
            await request(reader)
            asked += 1
            writer.write(answer)

    with capture_logs() as logs:
        async with calls(refuse) as rpc:
            with pytest.raises(BackendUnavailable):
                await rpc.call("any")
    assert asked == 1
    assert [log["reason"] for log in logs] == [reason]
    assert "secret words" not in str(logs)


async def test_a_lost_call_is_made_again() -> None:
    """A call whose connection dies is made once more, and then is told as lost."""
    asked, cut = 0, 1

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked, cut
        await request(reader)
        asked += 1
        if asked > cut:
            writer.write(response("200 OK", b"1"))
            await reader.read()

    async with calls(answer) as rpc:
        assert await rpc.call("any") == 1
        assert asked == ATTEMPTS
        asked, cut = 0, ATTEMPTS
        with pytest.raises(BackendUnavailable) as failure:
            await rpc.call("touch_transcriptions")
    assert not isinstance(failure.value, BackendUnreached)


async def test_what_never_arrived_is_told_apart() -> None:
    """Where no connection can be made it is sure that nothing was done."""
    async with connect("http://127.0.0.1:9", SecretStr(SECRET)) as rpc:
        with pytest.raises(BackendUnreached):
            await rpc.call("any")


async def test_no_call_waits_for_ever() -> None:
    """A project that says nothing is given up after the limit."""

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with calls(silent, timeout_seconds=0.1) as rpc:
        with pytest.raises(BackendUnavailable) as failure:
            await asyncio.wait_for(rpc.call("any"), 5)
    assert not isinstance(failure.value, BackendUnreached)


async def test_a_rush_delays_no_heartbeat() -> None:
    """While every connection waits for an answer, a heartbeat has one of its own."""
    waiting = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        first, _, _ = await request(reader)
        if "touch_transcriptions" in first:
            writer.write(response("200 OK", b"[]"))
        else:
            waiting += 1
            await reader.read()

    async with calls(answer) as rpc:
        rush = [asyncio.create_task(rpc.call("open_transcription")) for _ in range(100)]
        await until(lambda: waiting == MAX_CONNECTIONS)
        assert await asyncio.wait_for(rpc.call("touch_transcriptions"), 4) == []
        assert waiting == MAX_CONNECTIONS
        for task in rush:
            task.cancel()
        await asyncio.gather(*rush, return_exceptions=True)
