"""Whole files, voices and usage: the services' HTTP side."""

import asyncio
import io
import json
import mimetypes
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared_schema.account import PublicConfig, Usage
from shared_schema.batch import (
    DeltaEvent,
    ErrorEvent,
    FinalEvent,
    SegmentEvent,
    Transcription,
    TranscriptionOptions,
)
from shared_schema.errors import ERRORS
from shared_schema.limits import MAX_UPLOAD_BYTES
from shared_schema.presets import PresetId
from shared_schema.voices import SettledBy, TranscriptSource, Voice, VoiceDetail, VoiceList
from utter_transcribe.auth import TokenSupplier
from utter_transcribe.errors import (
    ApiError,
    AudioError,
    Failure,
    FileError,
    UnreachableError,
)
from utter_transcribe.network import http_client, refusal, words_of

READ_SECONDS: Final = 330.0
"""How long an answer may take: as long as the longest file lasts, and somewhat more."""

StreamEvent = DeltaEvent | SegmentEvent | FinalEvent
_stream_event: TypeAdapter[StreamEvent | ErrorEvent] = TypeAdapter(
    Annotated[StreamEvent | ErrorEvent, Field(discriminator="type")]
)
_Checked = TypeVar("_Checked")
_Model = TypeVar("_Model", bound=BaseModel)

Progress = Callable[[int, int], None]
"""Called with the bytes of the file that were sent so far, and with all of them."""


class _Upload(io.FileIO):
    """A file that reports how far it was read."""

    def __init__(self, path: Path, progress: Progress) -> None:
        super().__init__(path)
        self._progress = progress
        self.size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size) or b""
        self._progress(self.tell(), self.size)
        return data


@dataclass(frozen=True, slots=True)
class Clone:
    """What a voice is made of, besides its recording.

    Attributes:
        name: For people.
        language: As people write it.
        transcript: What is said in the recording, exactly.
        transcript_source: Where the transcript comes from.
        machine_transcript: What a machine heard, beside a transcript that a person edited.
        receipt: Of the transcription that `machine_transcript` is the text of.
        settled_by: What made the transcript's words certain.
        window_start_ms: Where in a longer recording this one begins, if it was cut out of one.
        consent: Whether the speaker agreed.
    """

    name: str
    language: str
    transcript: str
    transcript_source: TranscriptSource | None = None
    machine_transcript: str | None = None
    receipt: str | None = None
    settled_by: SettledBy | None = None
    window_start_ms: int | None = None
    consent: bool | None = None


class Api:
    """Client of the services' HTTP side. Close it, or use it as a context manager.

    Every method raises `ApiError` for a refusal, `UnreachableError` when the service is not
    reached or its answer breaks off, and whatever the token supplier raises.

    Args:
        url: Of the service, `http(s)://host[:port]`.
        token: Called before every call.
    """

    def __init__(self, url: str, token: TokenSupplier) -> None:
        self._url = url.rstrip("/") + "/api"
        self._token = token
        self._http = http_client(url, READ_SECONDS)

    async def __aenter__(self) -> "Api":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def transcribe(
        self,
        file: Path,
        options: TranscriptionOptions | None = None,
        *,
        progress: Progress = lambda _sent, _size: None,
        idempotency_key: str | None = None,
    ) -> Transcription:
        """Upload a file and return its transcript.

        Args:
            file: Of any accepted kind.
            options: For the provider.
            progress: Told while the file is sent.
            idempotency_key: The same key asks for the same answer again, at no new cost.

        Raises:
            AudioError: The file cannot be read from disk.
        """
        form = _fields(options or TranscriptionOptions())
        async with self._upload(
            "transcriptions", form, file, progress=progress, key=idempotency_key
        ) as answer:
            return await _read(answer, Transcription)

    async def stream(
        self,
        file: Path,
        options: TranscriptionOptions | None = None,
        *,
        progress: Progress = lambda _sent, _size: None,
        idempotency_key: str | None = None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Upload a file and yield its transcript while it is made; the last is the whole.

        Arguments and exceptions as with `transcribe`.
        """
        form = _fields(options or TranscriptionOptions())
        async with self._upload(
            "transcriptions",
            form,
            file,
            progress=progress,
            key=idempotency_key,
            accept="text/event-stream",
        ) as answer:
            async for data in _server_sent(answer):
                event = _checked(_stream_event, data)
                if isinstance(event, ErrorEvent):
                    raise ApiError(ERRORS[event.code].http or 500, _told(event))
                yield event
                if isinstance(event, FinalEvent):
                    return
        raise UnreachableError("the answer ended before its final text")

    async def clone(
        self,
        file: Path,
        voice: Clone,
        *,
        progress: Progress = lambda _sent, _size: None,
        idempotency_key: str | None = None,
    ) -> Voice:
        """Store a voice: its recording and its transcript.

        Raises:
            AudioError: The file cannot be read from disk.
        """
        form = {name: value for name, value in asdict(voice).items() if value is not None}
        if voice.consent is not None:
            form["consent"] = str(voice.consent).lower()
        async with self._upload(
            "clone", form, file, progress=progress, key=idempotency_key
        ) as answer:
            return await _read(answer, Voice)

    async def voices(self) -> tuple[Voice, ...]:
        """Return the caller's voices, newest first."""
        found: list[Voice] = []
        path = "voices"
        while True:
            async with self._call("GET", path) as answer:
                page = await _read(answer, VoiceList)
            found += page.voices
            if page.next is None:
                return tuple(found)
            path = f"voices?before={page.next}"

    async def voice(self, voice_id: str) -> VoiceDetail:
        """Return one of the caller's voices, with a signed address of its recording."""
        async with self._call("GET", _of(voice_id)) as answer:
            return await _read(answer, VoiceDetail)

    async def bundle(self, voice_id: str, file: Path, preset: PresetId | None = None) -> None:
        """Download one of the caller's voices as a zip for a cloning engine.

        Args:
            voice_id: As the list has it.
            file: Where the zip goes; nothing is there until all of it is.
            preset: The engine; the deployment's own by default.

        Raises:
            FileError: The file cannot be written.
        """
        params = {} if preset is None else {"preset": preset}
        async with self._call("GET", f"{_of(voice_id)}/bundle", params=params) as answer:
            await _save(answer, file)

    async def rename_voice(self, voice_id: str, name: str) -> Voice:
        """Give one of the caller's voices another name."""
        async with self._call("PATCH", _of(voice_id), json={"name": name}) as answer:
            return await _read(answer, Voice)

    async def delete_voice(self, voice_id: str) -> None:
        """Delete one of the caller's voices and its recording."""
        async with self._call("DELETE", _of(voice_id)):
            pass

    async def config(self) -> PublicConfig:
        """Return what the service offers: its models, limits and addresses."""
        async with self._call("GET", "config") as answer:
            return await _read(answer, PublicConfig)

    async def usage(self) -> Usage:
        """Return what the caller used today, and the limits."""
        async with self._call("GET", "usage") as answer:
            return await _read(answer, Usage)

    @asynccontextmanager
    async def _upload(
        self,
        path: str,
        form: dict[str, Any],
        file: Path,
        *,
        progress: Progress,
        key: str | None,
        accept: str = "application/json",
    ) -> AsyncIterator[httpx.Response]:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        try:
            opened = _Upload(file, progress)
        except OSError as error:
            raise AudioError.from_os(file.name, error) from error
        with opened:
            try:
                async with self._call(
                    "POST",
                    path,
                    data=form,
                    files={"audio": (file.name, opened, kind)},
                    headers={"Idempotency-Key": key or str(uuid.uuid4()), "Accept": accept},
                ) as answer:
                    yield answer
            except UnreachableError as error:
                if opened.size <= MAX_UPLOAD_BYTES:
                    raise
                large = f"{file.name} has {_mebibytes(opened.size)}"
                usual = f"{_mebibytes(MAX_UPLOAD_BYTES)} are the usual limit"
                raise UnreachableError(f"{error} ({large}; {usual})") from error

    @asynccontextmanager
    async def _call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **body: Any
    ) -> AsyncIterator[httpx.Response]:
        """Make a call, again with a fresh token when the first one has expired."""
        try:
            for fresh in (False, True):
                bearer = {"Authorization": f"Bearer {await self._token(fresh=fresh)}"}
                async with self._http.stream(
                    method, f"{self._url}/{path}", headers=bearer | (headers or {}), **body
                ) as answer:
                    if answer.is_success:
                        yield answer
                        return
                    failure = refusal(answer.status_code, answer.headers, await answer.aread())
                    if fresh or not failure.after_refresh:
                        raise ApiError(answer.status_code, failure)
        except httpx.HTTPError as error:
            raise UnreachableError(f"cannot reach {self._url}: {words_of(error)}") from error


def _of(voice_id: str) -> str:
    return f"voices/{quote(voice_id, safe='')}"


async def _save(answer: httpx.Response, file: Path) -> None:
    """Write an answer's body to a file, whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    try:
        with await asyncio.to_thread(part.open, "wb") as target:
            async for piece in answer.aiter_bytes():
                target.write(piece)
        part.replace(file)
    except OSError as error:
        raise FileError(str(file), error) from error
    finally:
        part.unlink(missing_ok=True)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.3g} MiB"


def _fields(options: TranscriptionOptions) -> dict[str, Any]:
    """Return options as form fields; a list stands for a field that is repeated."""
    fields = options.model_dump(exclude_none=True)
    if options.diarize is not None:
        fields["diarize"] = str(options.diarize).lower()
    if options.context_bias is not None:
        fields["context_bias"] = list(options.context_bias)
    if options.speaker_references is not None:
        fields["speaker_references"] = json.dumps(fields["speaker_references"])
    return fields


async def _read(answer: httpx.Response, model: type[_Model]) -> _Model:
    return _checked(TypeAdapter(model), await answer.aread())


def _checked(adapter: TypeAdapter[_Checked], data: bytes) -> _Checked:
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        raise UnreachableError(
            "the answer is not understood: is this the right service?"
        ) from error


def _told(event: ErrorEvent) -> Failure:
    after_refresh = ERRORS[event.code].after_refresh
    return Failure(event.message, event.retryable, event.code, after_refresh, event.retry_after)


async def _server_sent(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Yield the data of server-sent events (WHATWG HTML section 9.2.6)."""
    data: list[bytes] = []
    async for line in _lines(answer):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    # httpx's own lines also end at U+2028 and the like, which may stand in a transcript.
    rest = b""
    async for piece in answer.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
