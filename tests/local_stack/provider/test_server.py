"""Both halves of the wire on one port, and the end of everything."""

import asyncio
import errno
import socket

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from local_stack.provider import BatchScript, Script, ScriptedEngine, serve
from tests.local_stack.provider.wire import (
    FRAME,
    KEY,
    append,
    dial,
    end,
    eventually,
    hear,
    hear_until,
)


async def test_parallel() -> None:
    """Sessions in parallel know nothing of one another."""

    async def speak(number: int) -> None:
        async with dial(server) as client:
            created = await hear(client)
            record = next(
                r for r in server.sessions if r.request_id == created["session"]["request_id"]
            )
            frame = bytes([number]) * 3200
            await append(client, frame, times=number)
            await end(client)
            await hear_until(client, "transcription.done")
            assert bytes(record.audio) == frame * number

    async with serve(ScriptedEngine(Script(text="a"))) as server, asyncio.TaskGroup() as group:
        for number in range(1, 21):
            group.create_task(speak(number))


async def test_leaving_closes() -> None:
    """Leaving the server closes every session (1001), and all of them are over by then."""
    async with serve(ScriptedEngine()) as server:
        sockets = [await dial(server) for _ in range(3)]
        for client in sockets:
            await hear(client)
    assert all(record.closed.is_set() and not record.open for record in server.sessions)
    for client in sockets:
        with pytest.raises(ConnectionClosedOK):
            await client.recv()
        assert client.close_code == 1001


@pytest.mark.parametrize(
    "script",
    [
        Script(stop_reading_at_frame=1),
        Script(created_delay_ms=60_000),
        Script(update_delay_ms=60_000, done_delay_ms=60_000),
    ],
)
async def test_leaving_ends_stuck_sessions(script: Script) -> None:
    """Leaving the server ends sessions that wait for something as well."""
    async with serve(ScriptedEngine(script)) as server:
        client = await dial(server)
        await append(client)
        await end(client)
        await eventually(lambda: server.sessions[0].open)
    assert server.sessions[0].closed.is_set()
    with pytest.raises(ConnectionClosed):
        await hear_until(client, "never")


async def test_leaving_ends_requests(caplog: pytest.LogCaptureFixture) -> None:
    """Leaving the server ends a request that is being answered, without a fuss."""
    async with serve(ScriptedEngine(Script(batch=BatchScript(think_ms=60_000)))) as server:
        host, port = server.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = (
            b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nvoxtral-mini-2602\r\n'
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n.\r\n'
            b"--x--\r\n"
        )
        writer.write(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\n"
            + f"Authorization: {KEY['Authorization']}\r\nContent-Length: {len(body)}\r\n".encode()
            + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            + body
        )
        await eventually(lambda: bool(server.requests))
    await reader.read()
    writer.close()
    assert server.requests[0].status == 0
    assert not caplog.records


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_client_leaves(how: str) -> None:
    """A client that leaves, in order or not, leaves nothing behind."""
    async with serve(ScriptedEngine()) as server:
        client = await dial(server)
        await hear(client)
        await append(client)
        if how == "close":
            await client.close(4000)
        else:
            client.transport.abort()
        record = server.sessions[0]
        await asyncio.wait_for(record.closed.wait(), 1)
        assert record.close_code == (4000 if how == "close" else None)
        assert bytes(record.audio) in (FRAME, b"")


async def test_port_taken() -> None:
    """A port that is taken is an error before the engine is entered."""

    class Untouched(ScriptedEngine):
        async def __aenter__(self) -> "Untouched":
            raise AssertionError("entered")

    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError) as taken,  # noqa: PT011 - the number tells
    ):
        async with serve(Untouched(), port=other.getsockname()[1]):
            pass
    assert taken.value.errno == errno.EADDRINUSE


async def test_port_again() -> None:
    """A port can be served again at once, also after sessions were open on it."""
    async with serve(ScriptedEngine()) as server, dial(server) as client:
        await hear(client)
        port = int(server.url.rpartition(":")[2])
    async with serve(ScriptedEngine(), port=port) as server, dial(server) as client:
        await hear(client)


async def test_nothing_is_kept() -> None:
    """A server that keeps no records serves all the same."""
    async with serve(ScriptedEngine(), record="none") as server:
        async with dial(server) as client:
            await end(client)
            await hear_until(client, "transcription.done")
        assert server.sessions == []
