"""One recording on its way: what was sent, when, and what came back."""

import asyncio
import json
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.load import wire
from bench.load.dialects import DIALECTS, Dialect, Heard
from bench.script import FRAMES_PER_DELTA

OPEN_SECONDS: Final = 20.0
FINISH_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Target:
    """Where sessions go."""

    port: int
    path: str
    dialect: str
    """A name of `DIALECTS`."""
    headers: dict[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"


class Session:
    """One session, from the connect to its final.

    Args:
        target: Where it goes.
        token: Access token for `start`.
        number: Picks the noise it begins with.
    """

    def __init__(self, target: Target, token: str, number: int = 0) -> None:
        loop = asyncio.get_running_loop()
        # The loop's own clock stands still while it works off what has come.
        self._clock = time.perf_counter
        self._target = target
        self._token = token
        self._number = number
        self._dialect: Dialect = DIALECTS[target.dialect]
        self._socket = wire.Socket(self._hear, self._closed)
        self._ready: asyncio.Future[None] = loop.create_future()
        self._spoken: asyncio.Future[None] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._sent_at = array("d")
        self.live = False
        """Whether audio may flow."""
        self.deltas = 0
        self.delays: list[tuple[float, float]] = []
        """For each delta: when it came, and how long after the frame that paid for it, seconds."""
        self.final = False
        self.fault: str | None = None

    @property
    def frames(self) -> int:
        """Frames sent."""
        return len(self._sent_at)

    async def open(self) -> float:
        """Connect, start and wait for `ready`; return the seconds it took, or set `fault`."""
        began = self._clock()
        target = self._target
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await self._socket.connect(target.host, target.port, target.path, target.headers)
                if opening := self._dialect.opening(self._token):
                    self._socket.send(opening)
                await self._ready
        except (OSError, wire.HandshakeError, TimeoutError) as error:
            self._fail(f"{type(error).__name__}: {error}")
            self._socket.abort()
        return self._clock() - began

    def speak(self) -> None:
        """Send the next frame."""
        frames = self._dialect.frames
        self._sent_at.append(self._clock())
        self._socket.send(frames[(self._number + len(self._sent_at)) % len(frames)])

    async def first_delta(self) -> float:
        """Send the audio of one delta at once and return the seconds until it came."""
        began = self._clock()
        for _ in range(FRAMES_PER_DELTA):
            self.speak()
        await asyncio.wait({self._spoken}, timeout=OPEN_SECONDS)
        return self._clock() - began

    def stop(self) -> None:
        """End the audio."""
        if self.live:
            self.live = False
            self._socket.send(self._dialect.ending)

    async def finish(self) -> None:
        """Wait until the server has closed; cut what takes too long."""
        await asyncio.wait({self._over}, timeout=FINISH_SECONDS)
        if not self._over.done():
            self._fail("not closed in time")
            self._socket.abort()

    def _hear(self, payload: bytes) -> None:
        now = self._clock()
        message = json.loads(payload)
        heard = self._dialect.heard.get(message["type"])
        if heard is Heard.DELTA:
            paid = FRAMES_PER_DELTA * (self.deltas + 1) - 1
            if paid < len(self._sent_at):
                self.delays.append((now, now - self._sent_at[paid]))
            self.deltas += 1
            _set(self._spoken)
        elif heard is Heard.READY:
            if self._dialect.configure:
                self._socket.send(self._dialect.configure)
            self.live = True
            _set(self._ready)
        elif heard is Heard.FINAL:
            self.final = message.get("status", "complete") == "complete"
            self.live = False
        elif heard is Heard.ERROR:
            self._fail(f"error {message.get('code') or message.get('error')}")

    def _closed(self, code: int | None) -> None:
        if not self.final:
            self._fail(f"closed {code}")
        self.live = False
        _set(self._over)

    def _fail(self, fault: str) -> None:
        self.fault = self.fault or fault
        self.live = False
        _set(self._ready)
        _set(self._spoken)


def _set(event: asyncio.Future[None]) -> None:
    if not event.done():
        event.set_result(None)


def faults(sessions: Sequence[Session]) -> dict[str, int]:
    """Count what went wrong, by kind."""
    counted: dict[str, int] = {}
    for session in sessions:
        if session.fault is not None:
            counted[session.fault] = counted.get(session.fault, 0) + 1
    return counted
