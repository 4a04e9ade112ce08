"""The offline engine: a process per session, and no more of them than the machine bears."""

import asyncio
import json
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
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
from local_stack.provider.offline.audio import SAMPLE_RATE
from local_stack.provider.offline.frames import Job, Kind
from local_stack.provider.offline.models import SPACELESS, Model
from local_stack.provider.offline.process import Nursery, Worker
from local_stack.provider.offline.vitals import Vitals

_MIN_SESSIONS, _MAX_SESSIONS = 2, 32
_DEFAULT_SESSIONS_PER_CORE, _MOST_SESSIONS_PER_CORE = 2, 4
_LIVE_SHARE = 0.6
"""Of the cores: the rest is left to files, and to what runs beside the engine."""
_RETRY_AFTER_SECONDS = 2
_PATIENCE_SECONDS = 0.5  # a session that just ended has its place back well within this
_LOST = "the offline engine's process ended unexpectedly"


class OfflineEngine:
    """Hears on this machine.

    Args:
        model: What is loaded.
        max_sessions: Live sessions at a time; None: what the machine bears, by what the model
            costs on it.
        max_files: Files at work or waiting; one per two cores is at work.
        cards: The models' names, so that settings need no change; of the rest of them only
            what is behind them here is told.
    """

    def __init__(
        self,
        model: Model,
        *,
        max_sessions: int | None = None,
        max_files: int = 8,
        cards: Sequence[ModelCard] = HOSTED,
    ) -> None:
        self.model = model
        self._cards = {card.id: _behind(card, model) for card in cards}
        self._cores = os.cpu_count() or 1
        self._asked_sessions = max_sessions
        self.max_files = max_files
        self._files = 0
        self._file_slots = asyncio.Semaphore(max(1, self._cores // 2))
        self._nursery = Nursery(model)
        self._workers: set[Worker] = set()
        self.vitals = Vitals()

    async def __aenter__(self) -> Self:
        """Load the model, so that the first session is as fast as the others.

        Raises:
            RuntimeError: It cannot be loaded.
        """
        cost = await self._nursery.open()
        self.max_sessions = self._asked_sessions or places(self._cores, cost)
        self._places = asyncio.Semaphore(self.max_sessions)
        self.vitals.places.set(self.max_sessions)
        return self

    async def __aexit__(self, *_: object) -> None:
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

    def exposition(self) -> bytes:
        """What it counts of itself in Prometheus' text format."""
        return self.vitals.exposition()

    async def connect(self, model: str) -> "OfflineSession":
        """Begin a live session in a process of its own.

        Raises:
            RefusedError: 429, as many sessions as the machine bears are running.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            self.vitals.refused.labels("live").inc()
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
        self.vitals.sessions.inc()
        return OfflineSession(
            worker, self.model.language, self.vitals, lambda: self._release(worker)
        )

    def _release(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._places.release()
        self.vitals.sessions.dec()

    async def transcribe(self, request: FileRequest) -> AsyncGenerator[Event]:
        """Hear a file: language, then each utterance as it is heard, then the done.

        Raises:
            RefusedError: 400 when it is no audio, 429 when too many files wait.
        """
        if self._files >= self.max_files:
            self.vitals.refused.labels("file").inc()
            raise RefusedError(
                429,
                f"{self._files} files are waiting for the offline engine",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        self._files += 1
        try:
            job = Job.FILE_WITH_WORDS if request.granularity == "word" else Job.FILE
            async with self._file_slots, self._worker(job) as worker:
                await worker.send(Kind.AUDIO, request.data)
                async for event in _file_events(worker, request.granularity, self.model.language):
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


class OfflineSession:
    """One live session, heard in another process."""

    def __init__(
        self, worker: Worker, language: str, vitals: Vitals, release: Callable[[], None]
    ) -> None:
        self._worker = worker
        self._language = language
        self._vitals = vitals
        self._release: Callable[[], None] | None = release
        self._audio_bytes = 0
        self._fed: deque[tuple[int, float]] = deque()

    async def start(self) -> None:
        """The worker was started with everything loaded."""

    async def configure(self, options: RealtimeOptions) -> None:
        """Accept what the engine takes; the delay is its own, whatever was asked for.

        Raises:
            OptionError: The audio is not PCM s16le at 16 kHz.
        """
        if (options.encoding, options.sample_rate) != ("pcm_s16le", SAMPLE_RATE):
            raise OptionError(f"the offline engine takes pcm_s16le at {SAMPLE_RATE} Hz only")

    async def feed(self, pcm: bytes) -> None:
        """Pass audio on; waits while the worker is behind."""
        if not pcm:
            return
        self._audio_bytes += len(pcm)
        self._fed.append((self._audio_bytes, time.monotonic()))
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
            content = json.loads(payload)
            if kind is Kind.HEARD:
                self._note_lag(content)
            elif kind is Kind.DONE:
                yield Done("".join(said), content, self._language)
                yield Close()
                return
            else:
                if not said:
                    yield LanguageDetected(self._language)
                said.append(content)
                yield TextDelta(content)
        yield Failed(_LOST)

    async def close(self) -> None:
        """End the process, and with it the place it took."""
        await self._worker.stop()
        if self._release is not None:
            self._release()
            self._release = None

    def _note_lag(self, heard_bytes: int) -> None:
        """Measure how long the audio that was heard last had waited for that."""
        since = None
        while self._fed and self._fed[0][0] <= heard_bytes:
            since = self._fed.popleft()[1]
        if since is not None:
            self._vitals.lag.observe(time.monotonic() - since)


def places(cores: int, cost: float | None) -> int:
    """How many live sessions a machine bears.

    Args:
        cores: It has so many.
        cost: CPU seconds that a second of live audio costs; None where that was not measured.
    """
    if cost is None:
        return max(_MIN_SESSIONS, min(_MAX_SESSIONS, _DEFAULT_SESSIONS_PER_CORE * cores))
    borne = int(_LIVE_SHARE * cores / cost)
    return max(_MIN_SESSIONS, min(_MAX_SESSIONS, _MOST_SESSIONS_PER_CORE * cores, borne))


async def _file_events(
    worker: Worker, granularity: str | None, language: str
) -> AsyncIterator[Event]:
    separator = "" if language in SPACELESS else " "
    said: list[str] = []
    segments: list[Segment] = []
    while (message := await worker.receive()) is not None:
        kind, payload = message
        content = json.loads(payload)
        if kind is Kind.UNREADABLE:
            raise RefusedError(400, content)
        if not said:
            yield LanguageDetected(language)
        if kind is Kind.DONE:
            yield Done(separator.join(said), content, language, tuple(segments))
            return
        text, start, end, words = content
        heard: list[Segment] = []
        if granularity is None:
            yield TextDelta(f"{separator}{text}" if said else text)
        elif granularity == "word":
            heard = [Segment(*word) for word in words]
        else:
            heard = [Segment(text, start, end)]
        for segment in heard:
            yield segment
        segments += heard
        said.append(text)
    yield Failed(_LOST)


def _behind(card: ModelCard, model: Model) -> ModelCard:
    """What this engine can do under a model's name."""
    granularities = ("segment", "word") if model.has_word_times else ("segment",)
    return replace(
        card,
        languages=(model.language,),
        diarization=False,
        context_bias=False,
        turn_detection=False,
        timestamp_granularities=granularities if "offline" in card.modes else (),
        language_excludes_timestamps=False,
        streaming_delays_ms=(),  # its delay is what it is: about a second
        description=f"Offline engine ({model.title})",
    )
