"""The layers, each by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from edge_functions.middleware import guard
from edge_functions.middleware.guard import Guard
from local_stack.postgres import Postgres
from tests.edge_functions.world import PATH, running, speak
from transcription.errors import InternalError, PayloadTooLarge, TranscriptionError

pytestmark = pytest.mark.asyncio(loop_scope="session")


def scope(**headers: str) -> Scope:
    """Return a request."""
    return {
        "type": "http",
        "method": "POST",
        "path": "/x",
        "state": {"request_id": "00000000"},
        "headers": [
            (name.replace("_", "-").encode(), one.encode()) for name, one in headers.items()
        ],
    }


class Client:
    """Sends pieces of a body, one each time it is asked, and hears the answer."""

    def __init__(self, *pieces: bytes, ends: bool = True) -> None:
        self.left = list(pieces)
        self.ends = ends
        self.heard: list[Message] = []

    async def receive(self) -> Message:
        """Give the next piece, or hang."""
        if not self.left:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        piece = self.left.pop(0)
        more = bool(self.left) or not self.ends
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: Message) -> None:
        """Hear a piece of the answer."""
        self.heard.append(message)

    @property
    def status(self) -> int:
        """The answer's status."""
        status: int = self.heard[0]["status"]
        return status

    @property
    def ended(self) -> bool:
        """Whether the answer has its end."""
        return not self.heard[-1].get("more_body", False)


async def reads_all(_: Scope, receive: Receive, send: Send) -> None:
    """Read the body, then answer."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def refuses(_: Scope, receive: Receive, send: Send) -> None:
    """Answer without reading."""
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b"no"})


async def test_a_body_up_to_the_limit_passes() -> None:
    """The limit itself is allowed, and the connection stays."""
    client = Client(b"1234", b"5678")
    app = Guard(reads_all, max_bytes=8, seconds=60)
    await app(scope(transfer_encoding="chunked"), client.receive, client.send)
    assert (client.status, client.heard[0]["headers"]) == (200, [])


@pytest.mark.parametrize("headers", [{"transfer_encoding": "chunked"}, {"content_length": "9"}])
async def test_a_byte_more_is_refused(headers: dict[str, str]) -> None:
    """What is larger is refused when it is known, told or counted."""
    client = Client(b"1234", b"56789")
    app = Guard(reads_all, max_bytes=8, seconds=60)
    await app(scope(**headers), client.receive, client.send)
    assert client.status == PayloadTooLarge.spec().http
    assert client.left == []


async def test_the_rest_of_a_refused_body_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer goes out at once, the connection is closed when the client has sent all."""
    client = Client(b"1234", b"5678")
    await Guard(refuses, max_bytes=8, seconds=60)(
        scope(content_length="8"), client.receive, client.send
    )
    assert client.left == []
    assert client.ended
    assert (b"connection", b"close") in client.heard[0]["headers"]
    assert client.heard[1]["body"] == b"no"

    monkeypatch.setattr(guard, "LINGER_IDLE_SECONDS", 0.05)
    silent = Client(b"12", ends=False)
    app = Guard(refuses, max_bytes=8, seconds=60)
    await asyncio.wait_for(app(scope(content_length="8"), silent.receive, silent.send), 5)
    assert silent.ended

    monkeypatch.setattr(guard, "LINGER_SECONDS", 0.05)
    endless = Client(*[b"1"] * 1_000_000)
    await asyncio.wait_for(app(scope(content_length="8"), endless.receive, endless.send), 5)
    assert endless.left
    assert endless.ended


async def test_a_client_that_waits_to_be_asked_is_not_asked() -> None:
    """With `Expect: 100-continue` a refused body is never sent."""
    client = Client(b"12345678")
    await Guard(refuses, max_bytes=8, seconds=60)(
        scope(content_length="8", expect="100-continue"), client.receive, client.send
    )
    assert client.left == [b"12345678"]
    assert client.ended


async def test_no_request_outlives_its_limit() -> None:
    """What hangs is cancelled, and told as our own fault."""
    cancelled = asyncio.Event()

    async def hangs(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    client = Client()
    await Guard(hangs, max_bytes=8, seconds=0.02)(scope(), client.receive, client.send)
    assert client.status == InternalError.spec().http
    assert b'"code":"internal"' in client.heard[1]["body"]
    assert cancelled.is_set()


async def test_half_an_answer_is_cut_off() -> None:
    """After the answer has begun, a failure breaks the connection: nothing looks whole."""

    async def breaks(_: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    client = Client()
    with pytest.raises(TranscriptionError):
        await Guard(breaks, max_bytes=8, seconds=60)(scope(), client.receive, client.send)
    assert len(client.heard) == 1


@pytest.mark.parametrize(
    ("setting", "pause"),
    [("functions_upload_idle_seconds", 1.0), ("functions_upload_seconds", 0.02)],
    ids=["stops", "trickles"],
)
async def test_a_body_that_dawdles_is_refused(
    postgres: Postgres, tmp_path: Path, setting: str, pause: float
) -> None:
    """A body that stops in the middle, or takes too long in all, ends with its file removed."""

    async def dawdle() -> AsyncIterator[bytes]:
        part = b'--x\r\nContent-Disposition: form-data; name="audio"\r\n\r\n'
        yield part + bytes(300_000)
        for _ in range(100):
            await asyncio.sleep(pause)
            yield b"x"

    hurried: dict[str, Any] = {setting: 0.3}
    async with running(postgres, tmp_path, **hurried) as world:
        person = await world.stack.person("ada@example.com")
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "9000000"}
        token = await person.token()
        answer, _ = await speak(world.port, token, PATH, headers=headers, body=dawdle())
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"too slowly" in answer
        await world.is_clean(person)
