"""The realtime service as a client sees it, played by scripts over a real loopback socket."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from shared_schema.audio import milliseconds
from shared_schema.errors import ERRORS, ErrorCode
from shared_schema.server_messages import Ack, Delta, Error, Final, FinalReason, Notice, Ready

MODEL = "scripted"


@dataclass(eq=False)
class Line:
    """One connection: what came, and the words to answer with.

    Attributes:
        socket: The server's end.
        start: The client's `start`, as JSON.
        audio: PCM received so far.
        stopped: Whether `stop` came.
        closed: Set once the client is gone; `socket.close_code` tells how.
    """

    socket: ServerConnection
    start: dict[str, Any] = field(default_factory=dict)
    audio: bytearray = field(default_factory=bytearray)
    stopped: bool = False
    session_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    said: str = ""
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def token(self) -> str:
        """The bearer token of the handshake."""
        assert self.socket.request
        return self.socket.request.headers["Authorization"].removeprefix("Bearer ")

    async def ready(self, *, rewind_ms: int = 1000, max_seconds: float = 300) -> None:
        """Open the session."""
        await self.socket.send(
            Ready(
                session_id=self.session_id,
                model=MODEL,
                max_seconds=max_seconds,
                resume_rewind_ms=rewind_ms,
            ).to_json()
        )

    async def hear(self, *, ms: int | None = None) -> None:
        """Read until there are `ms` milliseconds of audio, or up to `stop`."""
        while not self.stopped and (ms is None or milliseconds(len(self.audio)) < ms):
            message = await self.socket.recv()
            if isinstance(message, bytes):
                self.audio += message
            else:
                assert json.loads(message) == {"type": "stop"}
                self.stopped = True

    async def ack(self, ms: int | None = None) -> None:
        """Tell how far the provider was fed: all that came, or `ms`."""
        audio_ms = milliseconds(len(self.audio)) if ms is None else ms
        await self.socket.send(Ack(audio_ms=audio_ms).to_json())

    async def say(self, text: str) -> None:
        """Send more text."""
        self.said += text
        await self.socket.send(Delta(text=text).to_json())

    async def notice(self, deadline_ms: int = 30_000) -> None:
        """Announce that the server goes away."""
        await self.socket.send(Notice(code="draining", deadline_ms=deadline_ms).to_json())

    async def final(
        self,
        status: Literal["complete", "partial"] = "complete",
        reason: FinalReason | None = None,
        text: str | None = None,
    ) -> None:
        """Send the whole text of the session."""
        await self.socket.send(
            Final(
                text=self.said if text is None else text,
                status=status,
                reason=reason,
                model=MODEL,
                audio_seconds=len(self.audio) / 32_000,
                session_id=self.session_id,
            ).to_json()
        )

    async def error(self, code: ErrorCode, **fields: Any) -> None:
        """Say why it ends, and close as the table of codes says."""
        spec = ERRORS[code]
        error = Error(message=spec.title, code=code, retryable=spec.retryable, **fields)
        await self.socket.send(error.to_json())
        await self.socket.close(spec.close or 1011)

    async def drop(self) -> None:
        """Cut the connection with no word of goodbye; what was said before has arrived."""
        await (await self.socket.ping())
        self.socket.transport.abort()

    async def transcribe(self, *, rewind_ms: int = 1000) -> None:
        """Be a good session: one word for every 500 ms, named after its place in the audio.

        The recording is counted from the value of its first sample, which tests set to the
        index of the 100 ms frame.
        """
        await self.ready(rewind_ms=rewind_ms)
        words = 0
        while not self.stopped:
            await self.hear(ms=milliseconds(len(self.audio)) + 100)
            while len(self.audio) >= (words + 1) * 16_000:
                frame = int.from_bytes(self.audio[words * 16_000 :][:2], "little")
                await self.say(("" if words == 0 else " ") + f"word{frame}")
                words += 1
            await self.ack()
        await self.final()


Script = Callable[[Line], Awaitable[None]]


@dataclass(eq=False)
class ScriptedBridge:
    """A server that plays one script per connection; the last one is played again and again.

    Attributes:
        scripts: What to play.
        refusals: HTTP answers to the first handshakes, in their place.
        lines: Every connection so far, in order.
        handshakes: How many there were, refused ones too.
    """

    scripts: list[Script]
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    handshakes: int = 0
    url: str = ""

    async def _refuse(self, _: ServerConnection, __: Request) -> Response | None:
        self.handshakes += 1
        if not self.refusals:
            return None
        status, headers = self.refusals.pop(0)
        return Response(
            status, HTTPStatus(status).phrase, Headers({**headers, "Content-Length": "0"})
        )

    async def _play(self, socket: ServerConnection) -> None:
        line = Line(socket)
        self.lines.append(line)
        script = self.scripts[min(len(self.lines), len(self.scripts)) - 1]
        try:
            first = await socket.recv()
            assert isinstance(first, str)
            line.start = json.loads(first)
            await script(line)
        except ConnectionClosed:
            pass
        finally:
            await socket.close()
            line.closed.set()


@asynccontextmanager
async def scripted_bridge(
    *scripts: Script, refusals: list[tuple[int, dict[str, str]]] | None = None
) -> AsyncIterator[ScriptedBridge]:
    """Serve `scripts` on a free loopback port."""
    bridge = ScriptedBridge(list(scripts), refusals or [])
    async with serve(
        bridge._play,
        "127.0.0.1",
        0,
        process_request=bridge._refuse,
        close_timeout=0.5,
        max_queue=None,  # pongs and closes are seen behind audio that a script has not read
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        bridge.url = f"ws://127.0.0.1:{port}"
        yield bridge
