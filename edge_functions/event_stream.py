"""Server-sent events (HTML standard, section 9.2) from a job to a reader who may leave."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from shared_schema.batch import DeltaEvent, ErrorEvent, FinalEvent, SegmentEvent

MEDIA_TYPE: Final = "text/event-stream"
KEEP_ALIVE_SECONDS: Final = 15.0
"""Between two comments, so that no proxy takes a thinking provider for a dead one."""
_WAITING: Final = 256

Event = DeltaEvent | SegmentEvent | FinalEvent | ErrorEvent


class EventStream:
    """A bounded queue. A slow reader slows the job down; one who has left does not."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING)
        self._begun = asyncio.Event()
        self._left = False

    @property
    def begun(self) -> bool:
        """Whether the answer has begun: from now on, errors are events."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Let the answer begin."""
        self._begun.set()

    async def send(self, event: Event | None) -> None:
        """Send an event; None is the end."""
        if not self._left:
            await self._queue.put(event)

    def leave(self) -> None:
        """The reader is gone."""
        self._left = True
        while not self._queue.empty():
            self._queue.get_nowait()

    async def answer(self, job: asyncio.Task[None]) -> StreamingResponse:
        """Wait until the answer begins, and return it.

        Raises:
            Exception: what ended the job before that.
        """
        waiting = asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait({waiting, job}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self.begun:
            job.result()
        return _EventResponse(self)

    async def lines(self) -> AsyncGenerator[str, None]:
        """Iterate over the stream as text."""
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    event = await self._queue.get()
            except TimeoutError:
                yield ":\n\n"
                continue
            if event is None:
                return
            yield f"event: {event.type}\ndata: {event.to_json()}\n\n"


class _EventResponse(StreamingResponse):
    media_type = MEDIA_TYPE

    def __init__(self, events: EventStream) -> None:
        # Keeps nginx from collecting the stream before it passes it on.
        super().__init__(events.lines(), headers={"X-Accel-Buffering": "no"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._events.leave()


def is_wanted(accept: str | None) -> bool:
    """Whether an `Accept` header asks for events."""
    ranges: list[Any] = (accept or "").split(",")
    return any(one.partition(";")[0].strip().lower() == MEDIA_TYPE for one in ranges)
