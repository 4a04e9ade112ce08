"""One file's way, from the first byte of its request to its transcript."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from fastapi import Request
from starlette.requests import ClientDisconnect

from edge_functions.body import pieces, read_json
from edge_functions.caller import Caller
from edge_functions.forms import from_fields, from_json
from edge_functions.idempotency import fingerprint
from edge_functions.middleware.request_id import request_id_of
from edge_functions.multipart import is_multipart, read_form
from edge_functions.report import Report
from edge_functions.services import Services
from edge_functions.transcriber import Service, Tell
from edge_functions.uploads import Upload
from shared_schema import batch
from shared_schema.batch import (
    StoredTranscriptionRequest,
    Transcription,
    TranscriptionOptions,
)
from transcription.audio.inspection import COPY_MIME, AudioInfo
from transcription.errors import (
    InternalError,
    InvalidMessage,
    PayloadTooLarge,
    TranscriptionDisabled,
    TranscriptionError,
)
from transcription.process import tracing
from transcription.providers.base import AudioFile, TranscriptionResult
from transcription.providers.fitting import Fitted

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    options: TranscriptionOptions
    storage_path: str | None = None
    """None: the file came with the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribing:
    """A request on its way to a transcript.

    Attributes:
        request: Its body was not read yet.
        caller: Who pays.
        key: `Idempotency-Key`.
        services: The process's parts.
        begin: Called when nothing but the provider can fail any more.
        tell: Given the text as it comes; None asks for the whole at once.
    """

    request: Request
    caller: Caller
    key: str | None
    services: Services
    begin: Callable[[], None] = lambda: None
    tell: Tell | None = None

    async def run(self) -> dict[str, Any]:
        """Take the file to its transcript, leaving nothing behind.

        Returns:
            `shared_schema.batch.Transcription` as JSON.

        Raises:
            TranscriptionError: why there is no transcript.
            ClientDisconnect: the caller has gone in the middle of the body.
        """
        provider = self.services.settings.transcription_provider
        report = Report(self.services.metrics, self.services.health, provider, self.caller.user)
        try:
            return await self._run(report)
        except TranscriptionError as error:
            report.failed(error)
            raise
        except (ClientDisconnect, asyncio.CancelledError):
            report.abandoned()
            raise
        except Exception:
            failure = InternalError()
            _log.exception("transcription_failed", error_id=failure.error_id)
            report.failed(failure)
            raise failure from None
        finally:
            report.tell()

    async def _run(self, report: Report) -> dict[str, Any]:
        services, recogniser = self.services, self.services.recogniser
        if recogniser is None:
            raise TranscriptionDisabled
        with services.work.begun(), services.uploads.place(*self.caller.origin) as upload:
            asked = await _receive(self.request, upload, services)
            async with recogniser.of(self.caller.user) as service:
                return await self._transcribe(asked, upload, service, report)

    async def _transcribe(
        self, asked: Asked, upload: Upload, service: Service, report: Report
    ) -> dict[str, Any]:
        services = self.services
        report.paying(own_key=service.own_key)
        fitted = await service.fit(asked.options)
        report.asked(fitted.options)
        source = asked.storage_path or upload.sha256
        same = fingerprint("transcriptions", source, asked.options)
        async with services.once.turn(self.caller.user, self.key, same) as turn:
            if turn.answered is not None:
                self.begin()
                report.repeated()
                return dict(turn.answered.answer)
            if asked.storage_path is not None:
                await services.storage.download(asked.storage_path, self.caller, upload)
            report.received(upload.size)
            with tracing.span("inspect"):
                info = await services.inspector.inspect(upload.path, owner=self.caller.user.id)
            audio = AudioFile(upload.path, info.mime, info.duration_seconds, upload.size)
            if fitted.max_bytes is not None and upload.size > fitted.max_bytes:
                audio = await self._copied(audio, upload.copy, fitted.max_bytes)
            result = await service.recognise(
                audio,
                fitted.options,
                self.caller,
                report,
                begin=self.begin,
                tell=self.tell,
            )
            answer = _answer(result, fitted, info, request_id_of(self.request.scope))
            told: dict[str, Any] = answer.model_dump(mode="json", exclude_none=True)
            turn.keep(200, told)
            return told

    async def _copied(self, audio: AudioFile, target: Path, max_bytes: int) -> AudioFile:
        """Return a 16 kHz copy of a file that is larger than the provider takes.

        Raises:
            PayloadTooLarge: the copy is as well.
            Capacity: the disk is full, or too many files are waiting.
        """
        inspector, owner = self.services.inspector, self.caller.user.id
        with tracing.span("copy"):
            await inspector.to_16k_wav(audio.path, target, owner=owner)
        size = (await asyncio.to_thread(target.stat)).st_size
        if size > max_bytes:
            raise PayloadTooLarge(
                f"The recogniser takes at most {max_bytes:,} bytes; at 16 kHz this is {size:,}."
            )
        return AudioFile(target, COPY_MIME, audio.duration_seconds, size)


async def _receive(request: Request, upload: Upload, services: Services) -> Asked:
    """Read a request's body; its file, if it has one, goes to `upload`."""
    content_type = request.headers.get("content-type", "")
    if is_multipart(content_type):
        async with aclosing(pieces(request, services.pace)) as body:
            form = await read_form(body, content_type, file_field="audio", upload=upload)
        options = from_fields(TranscriptionOptions, form.fields)
        if not form.has_file:
            raise InvalidMessage("audio: Field required")
        return Asked(options)
    if content_type.partition(";")[0].strip().lower() == "application/json":
        stored = from_json(StoredTranscriptionRequest, await read_json(request, services.pace))
        options = TranscriptionOptions.model_validate(stored.model_dump(exclude={"storage_path"}))
        return Asked(options, stored.storage_path)
    raise InvalidMessage("Send multipart/form-data with a file, or application/json.")


def _answer(
    result: TranscriptionResult, fitted: Fitted, info: AudioInfo, request_id: str
) -> Transcription:
    segments = tuple(
        batch.Segment(text=one.text, start=one.start, end=one.end, speaker=one.speaker)
        for one in result.segments
    )
    words = tuple(batch.Word(text=one.text, start=one.start, end=one.end) for one in result.words)
    timestamps = fitted.options.timestamps
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
