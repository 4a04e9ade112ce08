"""Calls of the database's functions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore2
import httpx
import pytest
import respx
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.waiting import until
from transcription.errors import BackendUnavailable
from transcription.rpc import ATTEMPTS, MAX_CONNECTIONS, BackendUnreached, Rpc, connect

HOST = "https://project.test"
SECRET = "sb_secret_of_ours"


@asynccontextmanager
async def calls(url: str = HOST) -> AsyncIterator[Rpc]:
    """Call a project's functions."""
    async with connect(url, SecretStr(SECRET)) as rpc:
        yield rpc


@respx.mock
async def test_a_call_is_what_postgrest_takes() -> None:
    """Arguments go as JSON, with the secret key; the answer is the function's."""
    route = respx.post(f"{HOST}/rest/v1/rpc/usage_today").respond(json={"used": 1.5})
    async with calls() as rpc:
        assert await rpc.call("usage_today", user_id="ada", is_anonymous=False) == {"used": 1.5}
        route.respond(204)
        assert await rpc.call("usage_today") is None
    sent = route.calls[0].request
    assert sent.content == b'{"user_id": "ada", "is_anonymous": false}'
    assert sent.headers["content-type"] == "application/json"
    assert (sent.headers["apikey"], sent.headers["authorization"]) == (SECRET, f"Bearer {SECRET}")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(404, json={"code": "PGRST202", "message": "secret words"}), "PGRST202"),
        (httpx.Response(503, text="<html>secret words</html>"), 503),
        (httpx.Response(302, headers={"Location": "http://elsewhere.test/"}), 302),
        (httpx.Response(500, json=["secret words"]), 500),
    ],
    ids=["function", "gateway", "redirect", "list"],
)
@respx.mock
async def test_a_refusal_is_told_by_its_code(answer: httpx.Response, reason: object) -> None:
    """What the database or a gateway refuses is logged by its code, and not tried again."""
    route = respx.post(f"{HOST}/rest/v1/rpc/any").mock(return_value=answer)
    with capture_logs() as logs:
        async with calls() as rpc:
            with pytest.raises(BackendUnavailable):
                await rpc.call("any")
    assert route.call_count == 1
    assert [log["reason"] for log in logs] == [reason]
    assert "secret words" not in str(logs)


@pytest.mark.parametrize(
    ("fault", "is_unreached"), [(httpcore2.ConnectError, True), (httpcore2.ReadError, False)]
)
@respx.mock
async def test_a_lost_call_is_made_again(fault: type[Exception], is_unreached: bool) -> None:
    """A call that was lost is made once more; that it never arrived is told where that is sure."""
    route = respx.post(f"{HOST}/rest/v1/rpc/any")
    route.side_effect = [fault, httpx.Response(200, json=1)]
    async with calls() as rpc:
        assert await rpc.call("any") == 1
        route.side_effect = fault
        with pytest.raises(BackendUnavailable) as failure:
            await rpc.call("any")
    assert isinstance(failure.value, BackendUnreached) is is_unreached
    assert route.call_count == 2 * ATTEMPTS


async def test_a_rush_delays_no_heartbeat() -> None:
    """While every connection waits for an answer, a heartbeat has one of its own."""
    waiting = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/touch_transcriptions " in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
        else:
            waiting += 1
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, calls(f"http://127.0.0.1:{port}") as rpc:
        rush = [asyncio.create_task(rpc.call("open_transcription")) for _ in range(100)]
        await until(lambda: waiting == MAX_CONNECTIONS)
        assert await asyncio.wait_for(rpc.call("touch_transcriptions"), 4) == []
        assert waiting == MAX_CONNECTIONS
        for task in rush:
            task.cancel()
        await asyncio.gather(*rush, return_exceptions=True)
