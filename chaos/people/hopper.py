"""Someone who wants more than their day: each session goes on with the last, and none ends."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from random import Random
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from chaos.observations import Hopping
from chaos.people.abusive_clients import START
from chaos.people.scene import Scene, id_of
from chaos.speech import frame
from utter_transcribe.errors import ClientError
from utter_transcribe.live import realtime_url

LIMIT_SECONDS: Final = 40
PAUSE_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 10.0
_FRAMES: Final = 1200


class Hopper:
    """One of them.

    Args:
        scene: Where.
        dice: How long they wait.
        allow: Gives a user, by id, so many live seconds a day.
    """

    def __init__(
        self, scene: Scene, dice: Random, allow: Callable[[str, int], Awaitable[object]]
    ) -> None:
        self._scene = scene
        self._dice = dice
        self._allow = allow
        self._user = scene.user()
        self._hopping: Hopping | None = None
        self._last: str | None = None

    async def hop(self) -> None:
        """Hop until it is over."""
        while self._hopping is None and not self._scene.over.is_set():
            if user_id := await id_of(self._user):
                await self._allow(user_id, LIMIT_SECONDS)
                self._hopping = Hopping(LIMIT_SECONDS)
                self._scene.evidence.hoppings.append(self._hopping)
            await self._scene.rest(self._dice, PAUSE_SECONDS)
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            floods = []
            while not self._scene.over.is_set():
                with suppress(OSError, TimeoutError, WebSocketException, ClientError):
                    socket = await stack.enter_async_context(
                        connect(
                            realtime_url(self._scene.url),
                            compression=None,
                            proxy=None,
                            close_timeout=1,
                        )
                    )
                    if await self._goes_on(socket):
                        floods.append(tasks.create_task(self._flood(socket)))
                await self._scene.rest(self._dice, PAUSE_SECONDS)
            for flood in floods:
                flood.cancel()

    async def _goes_on(self, socket: ClientConnection) -> bool:
        start = {**START, "access_token": await self._user()}
        if self._last is not None:
            start["resumes"] = self._last
        await socket.send(json.dumps(start))
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = json.loads(await socket.recv())
        if answer["type"] != "ready":
            return False
        self._last = answer["session_id"]
        return True

    async def _flood(self, socket: ClientConnection) -> None:
        number = next(self._scene.numbers)
        if self._hopping is not None:
            self._hopping.recordings.add(number)
        with suppress(ConnectionClosed):
            for at in range(_FRAMES):
                await socket.send(frame(number, at))
