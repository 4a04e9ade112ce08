"""One file's way, from the first byte of its request to its transcript."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import structlog
from starlette.requests import ClientDisconnect

from edge_functions.caller import Caller
from edge_functions.idempotency import fingerprint
from edge_functions.matching import compared
from edge_functions.receipts import Heard
from edge_functions.services import Services
from edge_functions.uploads import Upload
from shared_schema import batch
from shared_schema.batch import Transcription, TranscriptionOptions
from transcription.audio.inspection import COPY_MIME, AudioInfo
from transcription.errors import (
    InternalError,
    PayloadTooLarge,
    ProviderError,
    ProviderKeyRefused,
    ProviderStopped,
    ProviderUnavailable,
    TranscriptionDisabled,
    TranscriptionError,
)
from transcription.ledger.base import Outcome
from transcription.match.levels import Voice
from transcription.process import tracing
from transcription.process.record import TranscriptionRecord
from transcription.providers.base import (
    AudioFile,
    FileOptions,
    FileProvider,
    Segment,
    TextDelta,
    TranscriptionResult,
)
from transcription.providers.calls import by
from transcription.providers.failover import Candidate
from transcription.providers.fitting import Fitted, fitted_file
from transcription.providers.relaxed import relaxed_file
from transcription.user_keys.providers import Lent

LEASE_SLACK_SECONDS: Final = 30
"""Beyond the provider's deadline: the way to the ledger and back."""

Tell = Callable[[TextDelta | Segment], Awaitable[None]]
_Files = Lent[FileProvider]
_Candidate = Candidate[_Files]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    options: TranscriptionOptions
    storage_path: str | None = None
    """None: the file came with the request."""


@dataclass(slots=True, kw_only=True)
class Transcriber:
    """Takes one file to its transcript.

    Attributes:
        services: The process's parts.
        caller: Who pays.
        key: `Idempotency-Key`.
        request_id: Of the request.
        receive: Reads the request's body; its file, if it has one, goes to the upload.
        begin: Called when only the provider can fail any more.
        tell: Given the text as it comes; None asks for the whole at once.
    """

    services: Services
    caller: Caller
    key: str | None
    request_id: str
    receive: Callable[[Upload], Awaitable[Asked]]
    begin: Callable[[], None] = lambda: None
    tell: Tell | None = None
    _record: TranscriptionRecord = field(init=False)
    _began: float = field(init=False)

    async def run(self) -> dict[str, Any]:
        """Take the file to its transcript, leaving nothing behind.

        Returns:
            `shared_schema.batch.Transcription` as JSON.

        Raises:
            TranscriptionError: why there is no transcript.
            ClientDisconnect: the caller has gone in the middle of the body.
        """
        records = self.services.shell.records
        self._began, self._record = time.monotonic(), records.new("batch")
        self._record.is_of(self.caller.user)
        failure: TranscriptionError | None = None
        try:
            return await self._run()
        except TranscriptionError as error:
            failure = error
            raise
        except (ClientDisconnect, asyncio.CancelledError):
            self._record.status = "abandoned"
            raise
        except Exception:
            failure = InternalError()
            _log.exception("transcription_failed", error_id=failure.error_id)
            raise failure from None
        finally:
            if failure is not None:
                self._record.status = "partial" if self._record.deltas else "refused"
            self._record.wall_seconds = round(time.monotonic() - self._began, 3)
            records.tell(self._record, failure)

    async def _run(self) -> dict[str, Any]:
        services = self.services
        if services.files is None:
            raise TranscriptionDisabled
        with services.in_flight.begun(), services.uploads.place(*self.caller.origin) as upload:
            async with upload.arriving():
                asked = await self.receive(upload)
            async with services.files.of(self.caller.user) as lent:
                candidates = services.shell.lineup.candidates(lent)
                try:
                    return await self._transcribe(asked, upload, candidates, lent)
                finally:
                    for one in candidates:
                        one.attempt.over()

    async def _transcribe(
        self, asked: Asked, upload: Upload, candidates: Sequence[_Candidate], lent: Sequence[_Files]
    ) -> dict[str, Any]:
        services, record = self.services, self._record
        check_text = asked.options.check_text
        record.own_key = lent[0].own_key or None
        fitted = await self._fitted(asked.options, candidates[0], lent)
        source = asked.storage_path or upload.sha256
        same = fingerprint("transcriptions", source, asked.options)
        async with services.idempotency.turn(self.caller.user, self.key, same) as turn:
            if turn.answered is not None:
                self.begin()
                record.status = "complete"
                return dict(turn.answered.answer)
            if asked.storage_path is not None:
                await services.storage.download(asked.storage_path, self.caller, upload)
            record.bytes_in = upload.size
            with tracing.span("inspect"):
                info = await services.inspector.inspect(upload.path, *self.caller.origin)
                # Before anything is charged: this may fail, and no transcript is lost by it.
                voice = None
                if check_text is not None:
                    voice = await services.inspector.voice(upload.path, *self.caller.origin)
            audio = AudioFile(upload.path, info.mime, info.duration_seconds, upload.size)
            clock = asyncio.get_running_loop().time
            deadline = clock() + services.shell.settings.provider_file_seconds
            for one in candidates:
                # The next one is tried only where this one surely failed, and there is time left.
                try:
                    if one is not candidates[0]:
                        fitted = await self._fitted(asked.options, one, lent)
                    sent = await self._sendable(audio, upload.copy, fitted.max_bytes)
                    is_last = one is candidates[-1]
                    result = await self._call(sent, fitted.options, one, deadline, is_last=is_last)
                    break
                except ProviderError as error:
                    if one is candidates[-1] or clock() >= deadline:
                        raise
                    services.shell.records.passed_over(one.provider.name, error)
            answer = _answer(result, fitted, info, self.request_id)
            answer = await self._compared(answer, result, check_text, voice, upload)
            told: dict[str, Any] = answer.model_dump(mode="json", exclude_none=True)
            turn.keep(200, told)
            return told

    async def _fitted(
        self, options: TranscriptionOptions, one: _Candidate, lent: Sequence[_Files]
    ) -> Fitted:
        """Return what to ask of a provider; of the first, what it cannot do is refused."""
        record = self._record
        names = [each.provider.name for each in lent]
        record.provider = one.provider.name
        record.passed_over = tuple(names[: names.index(record.provider)]) or None
        fit = fitted_file if one.lent is lent[0] else relaxed_file
        # In a stream a provider that tells times tells no words before them.
        wants_times = options.check_text is not None and self.tell is None
        fitted = await fit(options, one.provider, one.lent.key, wants_times=wants_times)
        record.model, record.language = fitted.options.model, fitted.options.language
        return fitted

    async def _compared(
        self,
        answer: Transcription,
        result: TranscriptionResult,
        check_text: str | None,
        voice: Voice | None,
        upload: Upload,
    ) -> Transcription:
        """Add to an answer how a text goes with it, and the receipt."""
        found = coverage = None
        if check_text is not None and voice is not None:
            found, coverage = await compared(check_text, result, answer.language, voice)
        heard = Heard(self.caller.user.id, upload.sha256, result.text)
        receipt = self.services.receipts.issue(heard, coverage)
        return answer.model_copy(update={"match": found, "receipt": receipt})

    async def _sendable(self, audio: AudioFile, target: Path, most: int | None) -> AudioFile:
        """Return the file, or a 16 kHz copy where it is larger than the provider takes.

        Raises:
            PayloadTooLarge: the copy is as well.
            Capacity: the disk is full, or too many files are waiting.
        """
        if most is None or audio.size <= most:
            return audio
        inspector = self.services.inspector
        with tracing.span("copy"):
            await inspector.to_16k_wav(audio.path, target, *self.caller.origin)
        size = (await asyncio.to_thread(target.stat)).st_size
        if size > most:
            raise PayloadTooLarge(
                f"The provider takes at most {most:,} bytes; at 16 kHz this is {size:,}."
            )
        return AudioFile(target, COPY_MIME, audio.duration_seconds, size)

    async def _call(
        self,
        audio: AudioFile,
        options: FileOptions,
        one: _Candidate,
        deadline: float,
        *,
        is_last: bool,
    ) -> TranscriptionResult:
        """Reserve the file's seconds, have it transcribed, and settle, whatever happens.

        What gave no text is not charged; what gave some is charged for the whole file, unless
        another provider is asked for it anew, or the provider itself says that it gave up.
        """
        record, lent, provider = self._record, one.lent, one.provider.name
        options = replace(options, again=is_last)
        async with self._reserved(audio, options, lent) as charge:
            handed = time.monotonic()
            self.begin()
            with tracing.span("provider", provider=provider, model=options.model):
                try:
                    async with lent.guard():
                        # Words that were told are not told again: the rest comes with the end.
                        if self.tell is None or record.deltas:
                            work = lent.half.transcribe_file(audio, options)
                        else:
                            work = self._stream(lent.half, audio, options, charge, handed)
                        result = await by(deadline, work)
                except ProviderError as error:
                    is_weak = error.worked_on and not isinstance(error, ProviderKeyRefused)
                    one.attempt.failed(error, begun=is_weak)
                    is_followed = not is_last and asyncio.get_running_loop().time() < deadline
                    if is_followed or isinstance(error, ProviderStopped):
                        charge.outcome = "failed"
                    raise
            one.attempt.worked()
            charge.outcome = record.status = "complete"
            record.language = result.language or record.language
            request_id = result.provider_metadata.get("request_id")
            record.provider_request_id = str(request_id) if request_id is not None else None
            record.finish_ms = _ms_since(handed)
        return result

    async def _stream(
        self,
        provider: FileProvider,
        audio: AudioFile,
        options: FileOptions,
        charge: "_Charge",
        handed: float,
    ) -> TranscriptionResult:
        record = self._record
        async with aclosing(provider.stream_file(audio, options)) as events:
            async for event in events:
                if isinstance(event, TranscriptionResult):
                    return event
                if isinstance(event, TextDelta | Segment) and self.tell is not None:
                    charge.outcome = "partial"
                    record.first_delta_ms = record.first_delta_ms or _ms_since(handed)
                    record.deltas = (record.deltas or 0) + 1
                    await self.tell(event)
        raise ProviderUnavailable

    @asynccontextmanager
    async def _reserved(
        self, audio: AudioFile, options: FileOptions, lent: _Files
    ) -> AsyncIterator["_Charge"]:
        shell, record, seconds = self.services.shell, self._record, audio.duration_seconds
        deadline = math.ceil(shell.settings.provider_file_seconds)
        with tracing.span("reserve"):
            grant = await shell.ledger.open(
                self.caller.user,
                kind="batch",
                provider=lent.provider.name,
                model=options.model,
                seconds=seconds,
                minimum_seconds=seconds,
                lease_seconds=deadline + LEASE_SLACK_SECONDS,
                address=self.caller.address,
                own_key=lent.own_key,
            )
        record.session_id, record.audio_seconds = grant.id, seconds
        record.ready_ms = _ms_since(self._began)
        charge = _Charge()
        try:
            yield charge
        except TranscriptionError as error:
            charge.reason = error.code
            raise
        finally:
            with tracing.span("settle"):
                settlement = await shell.ledger.close(
                    grant.id,
                    audio_seconds=0.0 if charge.outcome == "failed" else seconds,
                    status=charge.outcome,
                    reason=charge.reason,
                )
            if settlement is not None:
                record.cost_microdollars = settlement.cost_microdollars


@dataclass(slots=True)
class _Charge:
    outcome: Outcome = "failed"
    reason: str | None = None


def _ms_since(moment: float) -> float:
    return round((time.monotonic() - moment) * 1000, 1)


def _answer(
    result: TranscriptionResult, fitted: Fitted, info: AudioInfo, request_id: str
) -> Transcription:
    segments = tuple(
        batch.Segment(
            text=one.text, start=one.start, end=one.end, speaker=one.speaker, score=one.score
        )
        for one in result.segments
    )
    words = tuple(batch.Word(text=one.text, start=one.start, end=one.end) for one in result.words)
    timestamps = fitted.told
    return Transcription(
        text=result.text,
        model=fitted.options.model,
        language=result.language or fitted.options.language,
        segments=segments if timestamps == "segment" else None,
        words=words if timestamps == "word" else None,
        duration_seconds=info.duration_seconds,
        request_id=request_id,
        warnings=(*fitted.warnings, *result.warnings) or None,
    )
