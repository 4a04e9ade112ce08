"""OpenAI's batch wire: `POST /v1/audio/transcriptions`.

Source: OpenAI's API reference. Times come with `verbose_json`; a stream is OpenAI's to give, and a
server that gives none answers with the whole, which is taken as well.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import IO, Any, Final

import httpx2
import structlog

from shared_schema.languages import ENGLISH_NAMES
from transcription import languages
from transcription.errors import InvalidMessage, ProviderUnavailable
from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    Segment,
    TextDelta,
    TranscriptionResult,
    Word,
)
from transcription.providers.calls import (
    Form,
    HttpFiles,
    metadata,
    read_object,
    server_sent,
    server_sent_json,
)
from transcription.providers.numbers import seconds
from transcription.providers.openai import form

_GRANULARITIES: Final = "timestamp_granularities[]"

_log = structlog.get_logger(__name__)


class OpenAIFiles(HttpFiles):
    """Transcribes whole files with a server of OpenAI's shape."""

    def _form(
        self, audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool
    ) -> Form:
        timed = options.timestamps is not None
        shape = "verbose_json" if timed else "json"
        fields, files = form.form(audio, options, file, shape=shape, stream=stream and not timed)
        if options.timestamps is not None:
            fields[_GRANULARITIES] = options.timestamps
        if options.context_bias:
            fields["prompt"] = ", ".join(options.context_bias)
        return fields, files

    async def _result(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> TranscriptionResult:
        return _read(await read_object(response), audio, options, response)

    async def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            whole = await self._result(response, audio, options)
            if whole.text:
                yield TextDelta(whole.text)
            yield whole
            return
        async with aclosing(server_sent(response, server_sent_json)) as sent:
            async for told in sent:
                match told:
                    case {"type": "transcript.text.delta", "delta": str(text)}:
                        yield TextDelta(text)
                    case {"type": "transcript.text.done", "text": str()}:
                        yield _read(told, audio, options, response)
                        return
                    case {"error": error}:
                        raise form.failed(error)
                    case _:
                        continue  # events that are not known are passed over
        _log.warning("provider_lost", error="no done")
        raise ProviderUnavailable


def _read(
    answer: Mapping[str, Any], audio: AudioFile, options: FileOptions, response: httpx2.Response
) -> TranscriptionResult:
    billed = seconds(answer.get("duration")) or audio.duration_seconds
    return TranscriptionResult(
        text=answer["text"],
        language=_language(answer.get("language")) or options.language,
        segments=tuple(
            Segment(text, start, end) for text, start, end in _parts(answer, "segments", "text")
        ),
        words=tuple(Word(text, start, end) for text, start, end in _parts(answer, "words", "word")),
        provider_metadata=metadata(response, options.model, billed),
    )


def _parts(
    answer: Mapping[str, Any], name: str, text: str
) -> list[tuple[str, float | None, float | None]]:
    """Return the items of a list of the answer, with the times they have."""
    listed = answer.get(name)
    return [
        (one[text], seconds(one.get("start")), seconds(one.get("end")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and isinstance(one.get(text), str)
    ]


def _language(told: object) -> str | None:
    """Return a code; OpenAI writes `english`, others write `en`."""
    try:
        code = languages.to_code(told if isinstance(told, str) else None)
    except InvalidMessage:
        return None
    return code if code in ENGLISH_NAMES else None
