"""The PocketSphinx engine: a process per session, and no more of them than the machine bears."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from local_stack.provider.cards import HOSTED
from local_stack.provider.engine import (
    Close,
    Done,
    Event,
    Failed,
    FileRequest,
    LanguageDetected,
    ModelCard,
    OptionError,
    RealtimeOptions,
    RefusedError,
    Segment,
    TextDelta,
)
from local_stack.provider.sphinx.frames import Job, Kind
from local_stack.provider.sphinx.pcm import BYTES_PER_SECOND, SAMPLE_RATE
from local_stack.provider.sphinx.process import Nursery, Worker

LANGUAGE = "en"

_MIN_SESSIONS, _MAX_SESSIONS = 4, 8
_SESSIONS_PER_CORE = 2
_RETRY_AFTER_SECONDS = 2
_PATIENCE_SECONDS = 0.5  # a session that just ended has its place back well within this
_LOST = "the recogniser's process ended unexpectedly"


class SphinxEngine:
    """Recognises English offline.

    Args:
        max_sessions: Live sessions at a time; None: two per core, at least 4 and at most 8.
        max_files: Files at work or waiting; one per two cores is at work.
        cards: The models' names, so that settings need no change; of the rest of them only
            what is behind them here is told.
    """

    def __init__(
        self,
        *,
        max_sessions: int | None = None,
        max_files: int = 8,
        cards: Sequence[ModelCard] = HOSTED,
    ) -> None:
        self._cards = {card.id: _behind(card) for card in cards}
        cores = os.cpu_count() or 1
        by_cores = min(_MAX_SESSIONS, max(_MIN_SESSIONS, _SESSIONS_PER_CORE * cores))
        self.max_sessions = by_cores if max_sessions is None else max_sessions
        self._places = asyncio.Semaphore(self.max_sessions)
        self.max_files = max_files
        self._files = 0
        self._file_slots = asyncio.Semaphore(max(1, cores // 2))
        self._nursery = Nursery()
        self._workers: set[Worker] = set()

    async def __aenter__(self) -> Self:
        """Load the models, so that the first session is as fast as the others.

        Raises:
            RuntimeError: PocketSphinx is not installed, or its models cannot be loaded.
        """
        await self._nursery.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop every process."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.stop())
        await self._nursery.close()

    @property
    def pids(self) -> list[int]:
        """Ids of the processes at work."""
        return [worker.pid for worker in self._workers]

    def cards(self) -> Mapping[str, ModelCard]:
        """The models that can be asked for, by id."""
        return self._cards

    async def connect(self, model: str) -> SphinxSession:
        """Begin a live session in a process of its own.

        Raises:
            RefusedError: 429, as many sessions as the machine bears are running.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise RefusedError(
                429,
                f"all {self.max_sessions} live sessions of the offline engine are taken",
                retry_after=_RETRY_AFTER_SECONDS,
            ) from None
        try:
            worker = await self._start(Job.LIVE)
        except BaseException:
            self._places.release()
            raise
        return SphinxSession(worker, lambda: self._release(worker))

    def _release(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._places.release()

    async def transcribe(self, request: FileRequest) -> AsyncGenerator[Event]:
        """Recognise a file: language, then each utterance as it is heard, then the done.

        Raises:
            RefusedError: 400 when it is no audio, 429 when too many files wait.
        """
        if self._files >= self.max_files:
            raise RefusedError(
                429,
                f"{self._files} files are waiting for the offline engine",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        self._files += 1
        try:
            async with self._file_slots, self._worker(Job.FILE) as worker:
                await worker.send(Kind.AUDIO, request.data)
                async for event in _file_events(worker, request.granularity):
                    yield event
        finally:
            self._files -= 1

    async def _start(self, job: Job) -> Worker:
        try:
            worker = await self._nursery.start(job)
        except RuntimeError as error:
            raise RefusedError(503, str(error), retry_after=_RETRY_AFTER_SECONDS) from error
        self._workers.add(worker)
        return worker

    @asynccontextmanager
    async def _worker(self, job: Job) -> AsyncIterator[Worker]:
        worker = await self._start(job)
        try:
            yield worker
        finally:
            await worker.stop()
            self._workers.discard(worker)


class SphinxSession:
    """One live session, recognised in another process."""

    def __init__(self, worker: Worker, release: Callable[[], None]) -> None:
        self._worker = worker
        self._release: Callable[[], None] | None = release
        self._audio_bytes = 0

    async def start(self) -> None:
        """The worker was started with everything loaded."""

    async def configure(self, options: RealtimeOptions) -> None:
        """Accept what the recogniser takes; the delay is its own, whatever was asked for.

        Raises:
            OptionError: The audio is not PCM s16le at 16 kHz.
        """
        if (options.encoding, options.sample_rate) != ("pcm_s16le", SAMPLE_RATE):
            raise OptionError(f"the offline engine takes pcm_s16le at {SAMPLE_RATE} Hz only")

    async def feed(self, pcm: bytes) -> None:
        """Pass audio on; waits while the recogniser is behind."""
        self._audio_bytes += len(pcm)
        await self._worker.send(Kind.AUDIO, pcm)

    async def flush(self) -> None:
        """Have all words of the audio so far told."""
        await self._worker.send(Kind.FLUSH)

    async def end(self) -> None:
        """Have the rest told, and the end."""
        await self._worker.send(Kind.END)

    async def events(self) -> AsyncIterator[Event]:
        """Words as they become certain, then the done."""
        said: list[str] = []
        while (message := await self._worker.receive()) is not None:
            kind, payload = message
            if kind is Kind.DONE:
                yield Done("".join(said), self._audio_bytes / BYTES_PER_SECOND, LANGUAGE)
                yield Close()
                return
            if not said:
                yield LanguageDetected(LANGUAGE)
            words = " ".join(text for text, _, _ in json.loads(payload))
            said.append(f" {words}" if said else words)
            yield TextDelta(said[-1])
        yield Failed(_LOST)

    async def close(self) -> None:
        """End the process, and with it the place it took."""
        await self._worker.stop()
        if self._release is not None:
            self._release()
            self._release = None


async def _file_events(worker: Worker, granularity: str | None) -> AsyncIterator[Event]:
    said: list[str] = []
    segments: list[Segment] = []
    while (message := await worker.receive()) is not None:
        kind, payload = message
        content = json.loads(payload)
        if kind is Kind.UNREADABLE:
            raise RefusedError(400, content)
        if not said:
            yield LanguageDetected(LANGUAGE)
        if kind is Kind.DONE:
            yield Done(" ".join(said), content, LANGUAGE, tuple(segments))
            return
        utterance = " ".join(text for text, _, _ in content)
        heard: list[Segment] = []
        if granularity is None:
            yield TextDelta(f" {utterance}" if said else utterance)
        elif granularity == "word":
            heard = [Segment(text, start, end) for text, start, end in content]
        else:
            heard = [Segment(utterance, content[0][1], content[-1][2])]
        for segment in heard:
            yield segment
        segments += heard
        said.append(utterance)
    yield Failed(_LOST)


def _behind(card: ModelCard) -> ModelCard:
    """What this engine can do under a model's name."""
    return replace(
        card,
        languages=(LANGUAGE,),
        diarization=False,
        context_bias=False,
        turn_detection=False,
        timestamp_granularities=("segment", "word") if "offline" in card.modes else (),
        language_excludes_timestamps=False,
        description="Offline engine: PocketSphinx, US English, modest accuracy.",
    )
