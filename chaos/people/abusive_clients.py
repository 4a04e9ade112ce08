"""Clients that are not honest, or not well: they vanish, stall, trickle, flood and babble."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from chaos.observations import Line
from chaos.people.scene import Scene, id_of
from chaos.speech import frame
from shared_schema.audio import FRAME_MS
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.errors import ClientError
from utter_transcribe.live import realtime_url
from utter_transcribe.options import Options

START: Final = Options().start().model_dump(mode="json", exclude_none=True)
STOP: Final = json.dumps({"type": "stop"})
LIFE_SECONDS: Final = 40.0
"""The longest that a service may let any of them be."""
PAUSE_SECONDS: Final = 1.0
_FLOOD_FRAMES: Final = 120
_TRICKLE_SECONDS: Final = 0.5


class Stranger:
    """One of them.

    Args:
        scene: Where.
        dice: What they do next.
        allow: Gives a user, by id, so many live seconds a day.
    """

    def __init__(
        self, scene: Scene, dice: Random, allow: Callable[[str, int], Awaitable[object]]
    ) -> None:
        self._scene = scene
        self._dice = dice
        self._allow = allow
        self._user: AnonymousUser = scene.user()
        self._poor: AnonymousUser = scene.user()
        self._is_poor = False
        self._manners: dict[str, Callable[[ClientConnection], Awaitable[bool]]] = {
            "vanishes": self._vanish,
            "falls silent": self._fall_silent,
            "does not listen": self._not_listen,
            "trickles": self._trickle,
            "floods": self._flood,
            "has nothing left": self._have_nothing,
            "babbles": self._babble,
            "says nothing": self._say_nothing,
            "lies about itself": self._lie,
        }

    async def visit(self) -> None:
        """Come again and again until it is over."""
        while not self._scene.over.is_set():
            manner = self._dice.choice([*self._manners, "knocks", "uploads slowly"])
            if manner == "knocks":
                await self._knock()
            elif manner == "uploads slowly":
                await self._upload_slowly()
            else:
                line = Line(manner)
                self._scene.evidence.lines.append(line)
                if manner == "has nothing left":
                    await self._use_up()
                await self._talk(line, self._manners[manner])
                line.ended = time.time()
            await self._scene.rest(self._dice, PAUSE_SECONDS)

    async def _use_up(self) -> None:
        if not self._is_poor and (user_id := await id_of(self._poor)):
            await self._allow(user_id, 0)
            self._is_poor = True

    async def _talk(self, line: Line, act: Callable[[ClientConnection], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(LIFE_SECONDS), self._connected(line) as socket:
                hearing = asyncio.create_task(_hear(socket, line))
                try:
                    line.left = await act(socket)
                except ConnectionClosed:
                    pass
                finally:
                    if line.left:
                        socket.transport.abort()
                    await hearing
        except InvalidStatus as refusal:
            line.refused = refusal.response.status_code
        except (OSError, TimeoutError, WebSocketException, ClientError) as error:
            line.code = line.code or f"({type(error).__name__})"

    @asynccontextmanager
    async def _connected(self, line: Line) -> AsyncIterator[ClientConnection]:
        url = realtime_url(self._scene.url)
        async with connect(url, compression=None, proxy=None, close_timeout=5) as socket:
            if socket.request is not None:
                line.key = socket.request.headers["Sec-WebSocket-Key"]
            yield socket

    async def _start(self, socket: ClientConnection, token: str | None = None) -> None:
        await socket.send(json.dumps(START | {"access_token": token or await self._user()}))

    async def _speak(self, socket: ClientConnection, frames: int, speed: float) -> None:
        number = next(self._scene.numbers)
        for at in range(frames):
            await socket.send(frame(number, at))
            if speed:
                await asyncio.sleep(FRAME_MS / 1000 / speed)

    # What they do; true if no close handshake is possible.

    async def _vanish(self, socket: ClientConnection) -> bool:
        await self._start(socket)
        await asyncio.sleep(self._dice.uniform(0, 1))
        await self._speak(socket, self._dice.randint(0, 30), 1.5)
        return True

    async def _fall_silent(self, socket: ClientConnection) -> bool:
        await self._start(socket)
        await asyncio.sleep(1)
        await self._speak(socket, 5, 1)
        await socket.wait_closed()
        return False

    async def _not_listen(self, socket: ClientConnection) -> bool:
        """Speak without reading; sent to a closed socket, that makes the kernel drop what came."""
        await self._start(socket)
        await asyncio.sleep(1)
        socket.transport.pause_reading()
        with suppress(ConnectionClosed):
            await self._speak(socket, 40, 1)
            socket.transport.resume_reading()
            await socket.send(STOP)
            await socket.wait_closed()
        return True

    async def _trickle(self, socket: ClientConnection) -> bool:
        """Send a sample now and then, so that the session is never silent."""
        await self._start(socket)
        await asyncio.sleep(1)
        number = next(self._scene.numbers)
        # By a sample alone the provider could not tell the recording.
        await socket.send(frame(number, 0))
        samples = frame(number, 1)
        for at in range(0, len(samples), 2):
            await socket.send(samples[at : at + 2])
            await asyncio.sleep(_TRICKLE_SECONDS)
        return False

    async def _have_nothing(self, socket: ClientConnection) -> bool:
        await self._start(socket, await self._poor())
        await socket.wait_closed()
        return False

    async def _flood(self, socket: ClientConnection) -> bool:
        await self._start(socket)
        await asyncio.sleep(1)
        await self._speak(socket, _FLOOD_FRAMES, 0)
        await socket.send(STOP)
        await socket.wait_closed()
        return False

    async def _babble(self, socket: ClientConnection) -> bool:
        nonsense: list[str | bytes] = [
            "{",
            json.dumps({"type": "mood"}),
            json.dumps(START | {"v": 2}),
            json.dumps(START),
            bytes(3),
            bytes(70_000),
            "é" * 40_000,
        ]
        if self._dice.random() < 0.5:
            await self._start(socket)
            await asyncio.sleep(1)
        for _ in range(2):
            await socket.send(self._dice.choice(nonsense))
        await socket.wait_closed()
        return False

    async def _say_nothing(self, socket: ClientConnection) -> bool:
        await socket.wait_closed()
        return False

    async def _lie(self, socket: ClientConnection) -> bool:
        good = await self._user()
        token = self._dice.choice(("nonsense", good[:-6] + "AAAAAA", good.split(".")[0] + ".e30."))
        await self._start(socket, token)
        await socket.wait_closed()
        return False

    async def _upload_slowly(self) -> None:
        """Promise a large file, and send a few bytes of it now and then until it is refused."""
        where = urlsplit(self._scene.url)
        with suppress(OSError, TimeoutError, ClientError):
            token = await self._user()
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            head = (
                "POST /api/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                f"Authorization: Bearer {token}\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                '--x\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
            )
            writer.write(head.encode())
            refused = asyncio.create_task(reader.read())
            try:
                async with asyncio.timeout(LIFE_SECONDS):
                    while not refused.done():
                        writer.write(bytes(16))
                        await writer.drain()
                        await asyncio.sleep(_TRICKLE_SECONDS)
            finally:
                refused.cancel()
                writer.transport.abort()

    async def _knock(self) -> None:
        """Open a connection and say half of a request, slowly."""
        where = urlsplit(self._scene.url)
        try:
            _, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.write(b"GET /api/transcriptions/realtime HTTP/1.1\r\nHost: x\r\n")
            await asyncio.sleep(self._dice.uniform(0.5, 2))
            writer.close()
            await writer.wait_closed()
        except OSError:
            return


async def _hear(socket: ClientConnection, line: Line) -> None:
    """Note everything that comes, until the socket is closed."""
    with suppress(ConnectionClosed):
        async for text in socket:
            message = json.loads(text)
            line.types.append(message["type"])
            if message["type"] == "error":
                line.code = message["code"]
            elif message["type"] == "final":
                line.reason = message.get("reason")
    received = socket.protocol.close_rcvd
    line.close_code = received.code if received is not None else None
