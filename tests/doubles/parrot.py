"""A provider in one file, as someone would write it: it says how much it has heard."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final

from pydantic import SecretStr

from shared_schema.audio import seconds
from transcription.errors import NotFound
from transcription.providers.base import (
    AudioFile,
    FileCapabilities,
    FileEvent,
    FileOptions,
    Offered,
    Provider,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeOptions,
    TextDelta,
    TranscriptDone,
    TranscriptionResult,
)
from transcription.settings import Settings

NAME: Final = "parrot"
MODEL: Final = "grey-parrot"


class Parrot:
    """A provider that needs neither a key nor a network; its models and both halves are its own."""

    languages: Final = frozenset({"en"})

    @classmethod
    def bind(cls, settings: Settings) -> Provider:
        """Return it as a deployment uses it; it has nothing to be set."""
        parrot, offered = cls(), Offered(MODEL, frozenset({MODEL}))
        return Provider(
            name=NAME,
            languages=cls.languages,
            models=parrot,
            live=offered,
            batch=offered,
            realtime=lambda key: parrot,
            files=lambda key: parrot,
            secrets=None,
            key=None,
            is_shared=True,
            own_keys=None,
            health_url=None,
        )

    async def realtime_capabilities(
        self, model: str, key: SecretStr | None = None
    ) -> RealtimeCapabilities:
        """Return what it can do: nothing can be set."""
        if model != MODEL:
            raise NotFound
        return RealtimeCapabilities(
            model=model,
            languages=self.languages,
            max_lag_ms=0,
        )

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator["ParrotSession"]:
        """Open a session at once."""
        yield ParrotSession()

    async def warm_up(self, models: Collection[str]) -> None:
        """Nothing makes it slow."""

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Return what it can do: nothing can be set."""
        if model != MODEL:
            raise NotFound
        return FileCapabilities(
            model=model,
            languages=self.languages,
        )

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Say how long the file is."""
        return TranscriptionResult(f"{audio.duration_seconds:g} seconds of a file")

    async def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Say the same in pieces."""
        result = await self.transcribe_file(audio, options)
        yield TextDelta(result.text)
        yield result

    async def aclose(self) -> None:
        """There is nothing to let go of."""


class ParrotSession:
    """One live session."""

    request_id = "squawk"

    def __init__(self) -> None:
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue()

    def offer(self, pcm: bytes) -> bool:
        """Take it."""
        self._heard.put_nowait(pcm)
        return True

    async def send(self, pcm: bytes) -> None:
        """Take it."""
        self.offer(pcm)

    async def probe(self) -> None:
        """Need no asking."""

    async def end(self) -> None:
        """Note that no more comes."""
        self._heard.put_nowait(None)

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Say something for each piece, and then how much it was."""
        size = 0
        while (pcm := await self._heard.get()) is not None:
            size += len(pcm)
            hear(TextDelta("squawk "))
        hear(TranscriptDone(f"{seconds(size):g} seconds of speech"))
