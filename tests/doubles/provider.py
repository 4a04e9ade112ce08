"""A provider behind the seam, for what no wire could be made to do in a test's time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from tests.doubles.gate import Gate
from transcription.errors import NotFound
from transcription.providers.base import (
    FileCapabilities,
    Offered,
    Provider,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeOptions,
    TranscriptDone,
)


class HandHeldSession:
    """A live session that a test plays: it hears `audio`, and says what is put into `words`.

    `fault` is raised in the place of taking audio.
    """

    request_id = "hand-held"

    def __init__(self) -> None:
        self.audio = bytearray()
        self.taking = Gate()
        self.words: asyncio.Queue[RealtimeEvent | Exception] = asyncio.Queue()
        self.fault: Exception | None = None
        self.ended = False
        self.left = False

    def offer(self, pcm: bytes) -> bool:
        """Take audio at once, when the gate is open."""
        if self.taking.is_open and self.fault is not None:
            raise self.fault
        if self.taking.is_open:
            self.audio += pcm
        return self.taking.is_open

    async def send(self, pcm: bytes) -> None:
        """Take audio, when the gate is open."""
        await self.taking.passed()
        if self.fault is not None:
            raise self.fault
        self.audio += pcm

    async def probe(self) -> None:
        """Say nothing to it: a test says what it wants said."""

    async def end(self) -> None:
        """Be done with no more words."""
        self.ended = True
        self.words.put_nowait(TranscriptDone(""))

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Say or raise what a test has put in."""
        while True:
            word = await self.words.get()
            if isinstance(word, Exception):
                raise word
            hear(word)
            if isinstance(word, TranscriptDone):
                return


class HandHeldProvider:
    """Opens sessions that a test plays, of models that can do everything but what it says.

    Args:
        can: Capabilities that are other than that.
    """

    def __init__(self, **can: Any) -> None:
        self.sessions: list[HandHeldSession] = []
        self.refusal: Exception | None = None
        self._can = can

    async def realtime_capabilities(
        self, model: str, key: SecretStr | None = None
    ) -> RealtimeCapabilities:
        """Return what every model can do."""
        everything = RealtimeCapabilities(
            model=model,
            languages=frozenset(),
            accepts_language=True,
            accepts_context_bias=True,
            streaming_delays_ms=(range(80, 2401),),
            max_lag_ms=1000,
            diarization=True,
            turn_detection=True,
        )
        return replace(everything, **self._can)

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Take no files."""
        raise NotFound(model)

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator[HandHeldSession]:
        """Open a session at once, or refuse."""
        if self.refusal is not None:
            raise self.refusal
        session = HandHeldSession()
        self.sessions.append(session)
        try:
            yield session
        finally:
            session.left = True

    async def warm_up(self, models: Collection[str]) -> None:
        """Do nothing."""

    def bound(self, *models: str) -> Provider:
        """Return it as a deployment has it that offers these models; the first is the default."""
        offered = Offered(models[0], frozenset(models))
        return Provider(
            name="hand-held",
            languages=frozenset(),
            models=self,
            live=offered,
            batch=offered,
            realtime=lambda key: self,
            files=None,
            secrets=None,
            key=None,
            is_shared=True,
            own_keys=None,
            health_url=None,
        )

    async def aclose(self) -> None:
        """Hold nothing."""
