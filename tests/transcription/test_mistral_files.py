"""Mistral's batch wire: over loopback with the scripted provider, and with faults by respx."""

import asyncio
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import respx
from mistralai.client import Mistral
from mistralai.client.errors import ResponseValidationError
from pydantic import SecretStr

from local_stack.provider import BatchScript, ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.cards import HOSTED
from shared_schema.client_messages import SpeakerReference
from tests.local_stack.provider.test_third import clip
from tests.waiting import within
from transcription.errors import (
    NotFound,
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.base import (
    AudioFile,
    FileOptions,
    LanguageDetected,
    Segment,
    TextDelta,
    TranscriptionResult,
    Word,
)
from transcription.providers.calls import ATTEMPTS
from transcription.providers.mistral.cards import ModelCards
from transcription.providers.mistral.files import MistralFiles

KEY = "sk-very-secret-key-0123456789abcdef"
HOST = "https://provider.test"
V2 = "voxtral-mini-2602"
V3 = "voxtral-mini-transcribe-3"
OPTIONS = FileOptions(model=V2)
TRANSCRIPTIONS = f"{HOST}/v1/audio/transcriptions"
ANSWER = {"model": V2, "text": "one two", "language": None, "usage": {"prompt_audio_seconds": 4}}


@pytest.fixture
def audio(tmp_path: Path) -> AudioFile:
    """A file; what is in it matters to nobody here."""
    return file_of(tmp_path / "speech.wav", b"RIFF" + bytes(range(256)) * 40)


def file_of(path: Path, content: bytes) -> AudioFile:
    """Write a file and describe it."""
    path.write_bytes(content)
    return AudioFile(path, "audio/wav", duration_seconds=4.0, size=len(content))


@asynccontextmanager
async def client(url: str = HOST, **given: Any) -> AsyncIterator[MistralFiles]:
    """Open our client; its retries hurry."""
    values: dict[str, Any] = {
        "api_key": SecretStr(KEY),
        "connect_seconds": 2.0,
        "deadline_seconds": 5.0,
        "first_pause_seconds": 0.01,
        **given,
    }
    files = MistralFiles(server_url=url, **values)
    try:
        yield files
    finally:
        await files.aclose()


@asynccontextmanager
async def scripted(
    script: Script | Sequence[Script] | None = None, **given: Any
) -> AsyncIterator[tuple[MistralFiles, ProviderServer]]:
    """Open our client of a scripted provider."""
    async with serve(ScriptedEngine(script)) as server, client(server.url, **given) as files:
        yield files, server


def batch(*answers: BatchScript) -> list[Script]:
    """Scripts of successive answers."""
    return [Script(text="one two three", batch=answer) for answer in answers]


async def test_the_bytes_sent_are_the_bytes_of_the_file(audio: AudioFile) -> None:
    """The file arrives whole, under a name that tells nothing but its kind."""
    async with scripted() as (files, server):
        await files.transcribe_file(audio, OPTIONS)
    [request] = server.requests
    assert request.data == audio.path.read_bytes()
    assert (request.filename, request.content_type) == ("audio.wav", "audio/wav")
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_the_form_is_that_of_the_sdk(audio: AudioFile) -> None:
    """Our form and that of the SDK's own client have the same fields."""
    voice = SpeakerReference(name="ann", audio=clip(3.0))
    options = FileOptions(
        V3, "de", ("Acme, Inc.", "two words"), "segment", diarize=True, speakers=(voice,)
    )
    async with scripted() as (files, server):
        await files.transcribe_file(audio, options)
        _ = [event async for event in files.stream_file(audio, options)]
        async with httpx2.AsyncClient() as http:
            sdk = Mistral(api_key=KEY, server_url=server.url, async_client=http)
            given: dict[str, Any] = {
                "model": options.model,
                "file": {"file_name": "audio.wav", "content": audio.path.read_bytes()},
                "language": options.language,
                "context_bias": options.context_bias,
                "timestamp_granularities": [options.timestamps],
                "diarize": True,
                "speaker_references": {voice.name: voice.audio},
            }
            with pytest.raises(ResponseValidationError):  # the answer has no language
                await sdk.audio.transcriptions.complete_async(**given)
            async with await sdk.audio.transcriptions.stream_async(**given) as events:
                _ = [event async for event in events]
            sdk.sdk_configuration.client.close()  # type: ignore[union-attr]
    whole, streamed, sdk_whole, sdk_streamed = (sorted(one.fields) for one in server.requests)
    assert whole == sdk_whole
    assert streamed == sdk_streamed


@pytest.mark.parametrize("language", [None, "de"])
async def test_the_language_is_asked_for(audio: AudioFile, language: str | None) -> None:
    """Version 3 tells the language that it heard on request, which never stands beside one."""
    options = FileOptions(V3, language, return_language=language is None)
    async with scripted(Script(text="one", language="fr")) as (files, server):
        whole = await files.transcribe_file(audio, options)
        *events, streamed = [event async for event in files.stream_file(audio, options)]
    heard = "fr" if language is None else None
    assert whole.language == heard
    assert isinstance(streamed, TranscriptionResult)
    assert streamed.language == heard
    assert (LanguageDetected("fr") in events) is (language is None)
    for request in server.requests:
        assert (("return_language", "true") in request.fields) is (language is None)


@respx.mock
@pytest.mark.parametrize(
    "answer",
    [
        {"text": "one two"},
        {"text": "one two", "language": None, "usage": None, "segments": None, "model": None},
        {"text": "one two", "usage": {}, "segments": [{"text": "x", "start": None}, 7], "new": 1},
    ],
    ids=["bare", "nulls", "odd"],
)
async def test_an_answer_needs_its_text_alone(audio: AudioFile, answer: dict[str, Any]) -> None:
    """No text is lost for a field that is missing, null or odd, whole or streamed."""
    route = respx.post(TRANSCRIPTIONS)
    async with client() as files:
        route.respond(json=answer)
        whole = await files.transcribe_file(audio, OPTIONS)
        odd = [
            {"type": "transcription.text.delta"},
            {"type": "transcription.tomorrow", "text": "no"},
            {"type": "transcription.segment", "text": "x", "speaker_id": None},
            {"type": "transcription.done", **answer},
        ]
        events = "".join(f"data: {json.dumps(one)}\n\n" for one in odd)
        route.respond(text=events, content_type="text/event-stream")
        told = [event async for event in files.stream_file(audio, OPTIONS)]
    assert (whole.text, whole.language, whole.provider_metadata["model"]) == ("one two", None, V2)
    assert told == [Segment("x", None, None), whole]


async def test_a_result_holds_what_was_asked_for(audio: AudioFile) -> None:
    """Segments have speakers and times, words have times, and neither comes unasked."""
    async with scripted(Script(text="one two", language="en")) as (files, _):
        plain = await files.transcribe_file(audio, OPTIONS)
        segments = await files.transcribe_file(
            audio, replace(OPTIONS, timestamps="segment", diarize=True)
        )
        words = await files.transcribe_file(audio, replace(OPTIONS, timestamps="word"))
    assert (plain.text, plain.language) == ("one two", "en")
    assert (plain.segments, plain.words) == ((), ())
    assert segments.segments == (Segment("one two", 0.0, 0.8, "speaker_1"),)
    assert words.words == (Word("one", 0.0, 0.4), Word("two", 0.4, 0.8))
    assert words.segments == ()
    assert plain.provider_metadata["model"] == V2


async def test_a_stream_tells_the_text_as_it_comes(audio: AudioFile) -> None:
    """Language, deltas and then the result, which is last."""
    async with scripted(Script(text="one two", language="en")) as (files, _):
        events = [event async for event in files.stream_file(audio, OPTIONS)]
    assert events[:3] == [LanguageDetected("en"), TextDelta("one"), TextDelta(" two")]
    assert isinstance(events[3], TranscriptionResult)
    assert events[3].text == "one two"
    assert len(events) == 4


async def test_a_stream_with_timestamps_tells_segments(audio: AudioFile) -> None:
    """With timestamps, pieces come as segments."""
    async with scripted(Script(text="one two")) as (files, _):
        options = replace(OPTIONS, timestamps="segment")
        events = [event async for event in files.stream_file(audio, options)]
    assert events[0] == Segment("one two", 0.0, 0.8)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRejected),
        (401, ProviderKeyRefused),
        (403, ProviderKeyRefused),
        (404, ProviderRejected),
        (413, ProviderRejected),
        (422, ProviderRejected),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (504, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize(
    "message",
    [
        f"Bad key {KEY} at {HOST}",
        {"detail": [{"loc": ["body", "language"], "msg": f"Bad key {KEY} at api.mistral.ai"}]},
    ],
)
@respx.mock
async def test_a_refusal_has_a_code_and_no_secret(
    audio: AudioFile, status: int, error: type[ProviderError], message: object, stream: bool
) -> None:
    """Each status has its error, which never shows our key, the provider's host or a stack."""
    route = respx.post(TRANSCRIPTIONS).respond(status, json={"message": message, "code": "1"})
    async with client() as files:
        with pytest.raises(error) as raised:
            await (_all(files, audio) if stream else files.transcribe_file(audio, OPTIONS))
    assert type(raised.value) is error
    for secret in (KEY, "provider.test", "mistral.ai", "Traceback"):
        assert secret not in raised.value.message
    assert raised.value.__cause__ is None
    assert route.call_count == (ATTEMPTS if status in {429, 503} else 1)


async def _all(files: MistralFiles, audio: AudioFile) -> list[object]:
    return [event async for event in files.stream_file(audio, OPTIONS)]


@pytest.mark.parametrize(
    "message", ["Unsupported language", {"detail": [{"msg": "Unsupported language"}]}]
)
@respx.mock
async def test_a_refusal_of_the_request_says_why(audio: AudioFile, message: object) -> None:
    """What the provider says about the request itself is passed on, in either shape."""
    respx.post(TRANSCRIPTIONS).respond(422, json={"message": message})
    async with client() as files:
        with pytest.raises(ProviderRejected, match="Unsupported language"):
            await files.transcribe_file(audio, OPTIONS)


@respx.mock
async def test_a_refused_key_is_the_operators_alarm(
    audio: AudioFile, caplog: pytest.LogCaptureFixture
) -> None:
    """A refused key is logged as an error, without the key."""
    respx.post(TRANSCRIPTIONS).respond(401, json={"detail": "Unauthorized"})
    async with client() as files:
        with caplog.at_level(logging.ERROR), pytest.raises(ProviderUnavailable):
            await files.transcribe_file(audio, OPTIONS)
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [429, 503])
async def test_what_was_not_worked_on_is_sent_again_whole(audio: AudioFile, status: int) -> None:
    """After a refusal that came before the work, the whole file is sent once more."""
    busy = BatchScript(status=status)
    async with scripted(batch(busy, busy, BatchScript())) as (files, server):
        result = await files.transcribe_file(audio, OPTIONS)
    assert result.text == "one two three"
    assert [request.status for request in server.requests] == [status, status, 200]
    assert {request.data for request in server.requests} == {audio.path.read_bytes()}


@respx.mock
async def test_a_lost_connection_attempt_is_tried_again(audio: AudioFile) -> None:
    """A connection that was never made may be tried again."""
    route = respx.post(TRANSCRIPTIONS).mock(
        side_effect=[
            httpx2.ConnectError("refused"),
            httpx2.ConnectTimeout("slow"),
            httpx.Response(200, json=ANSWER),
        ]
    )
    async with client() as files:
        result = await files.transcribe_file(audio, OPTIONS)
    assert route.call_count == 3
    assert result.provider_metadata["billed_seconds"] == 4.0


@pytest.mark.parametrize(
    "error", [httpx2.ReadTimeout, httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError]
)
@respx.mock
async def test_what_may_have_been_worked_on_is_never_sent_again(
    audio: AudioFile, error: type[httpx2.TransportError]
) -> None:
    """Once the file was on its way, a failure is final: a second call might be billed twice."""
    route = respx.post(TRANSCRIPTIONS).mock(side_effect=error("lost"))
    async with client() as files:
        with pytest.raises(ProviderUnavailable):
            await files.transcribe_file(audio, OPTIONS)
    assert route.call_count == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_breaks_off_is_no_result(audio: AudioFile, stream: bool) -> None:
    """A connection that is cut before the end fails, after the text that came."""
    async with scripted(batch(BatchScript(drop_after_events=2))) as (files, server):
        events = files.stream_file(audio, OPTIONS)
        if stream:
            assert [await anext(events), await anext(events)] == [
                TextDelta("one"),
                TextDelta(" two"),
            ]
        with pytest.raises(ProviderUnavailable):
            await (anext(events) if stream else files.transcribe_file(audio, OPTIONS))
        await events.aclose()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("not json", "application/json"),
        ('{"text": 1}', "application/json"),
        ('data: {"type": "transcription.text', "text/event-stream"),
        ("data: 17\n\n", "text/event-stream"),
        (b"\xff\xfe\n\n", "text/event-stream"),
        ("", "text/event-stream"),
    ],
)
@respx.mock
async def test_nonsense_with_status_200_is_a_failure(
    audio: AudioFile, body: str | bytes, kind: str
) -> None:
    """An answer that is not understood is the provider's failure."""
    respx.post(TRANSCRIPTIONS).respond(200, content=body, content_type=kind)
    async with client() as files:
        with pytest.raises(ProviderUnavailable):
            await (
                _all(files, audio)
                if kind == "text/event-stream"
                else files.transcribe_file(audio, OPTIONS)
            )


@respx.mock
async def test_unknown_events_are_passed_over(audio: AudioFile) -> None:
    """An event of a type that nobody knows changes nothing."""
    done = json.dumps({**ANSWER, "type": "transcription.done"})
    mood = json.dumps({"type": "transcription.mood", "mood": "curious"})
    body = "".join(f"event: {json.loads(one)['type']}\ndata: {one}\n\n" for one in (mood, done))
    respx.post(TRANSCRIPTIONS).respond(200, content=body, content_type="text/event-stream")
    async with client() as files:
        [result] = await _all(files, audio)
    assert isinstance(result, TranscriptionResult)


@respx.mock
async def test_an_error_event_ends_the_stream(audio: AudioFile) -> None:
    """An error in mid-stream is the provider's failure, told without its host."""
    error = json.dumps({"type": "error", "error": {"message": f"at {HOST}", "code": 3000}})
    body = f"event: error\ndata: {error}\n\n"
    respx.post(TRANSCRIPTIONS).respond(200, content=body, content_type="text/event-stream")
    async with client() as files:
        with pytest.raises(ProviderUnavailable) as raised:
            await _all(files, audio)
    assert HOST not in raised.value.message


@respx.mock
async def test_an_endless_answer_is_cut_off(audio: AudioFile) -> None:
    """An answer larger than any transcript is not read to its end."""
    respx.post(TRANSCRIPTIONS).respond(200, content=b" " * (9 * 1024 * 1024))
    async with client() as files:
        with pytest.raises(ProviderUnavailable):
            await files.transcribe_file(audio, OPTIONS)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_deadline_ends_a_call_that_thinks_too_long(
    audio: AudioFile, stream: bool
) -> None:
    """A provider that does not answer in time has failed."""
    slow = batch(BatchScript(think_ms=60_000))
    async with scripted(slow, deadline_seconds=0.3) as (files, _):
        with pytest.raises(ProviderUnavailable, match="too long"):
            await (_all(files, audio) if stream else files.transcribe_file(audio, OPTIONS))


async def test_the_deadline_ends_a_stream_that_dawdles(audio: AudioFile) -> None:
    """Events that trickle in do not prolong the deadline."""
    slow = batch(BatchScript(event_every_ms=200))
    async with scripted(slow, deadline_seconds=0.5) as (files, _):
        with pytest.raises(ProviderUnavailable, match="too long"):
            await _all(files, audio)


async def test_a_cancelled_call_lets_go_of_its_connection(audio: AudioFile) -> None:
    """Cancellation is passed on at once and the provider's socket is closed."""
    slow = batch(BatchScript(think_ms=60_000))
    async with scripted(slow) as (files, server):
        call = asyncio.create_task(files.transcribe_file(audio, OPTIONS))
        async with within(5):
            while not server.requests:  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_retry_after_is_honoured(audio: AudioFile) -> None:
    """The next attempt comes no earlier than the provider asked for."""
    script = batch(BatchScript(status=429, retry_after=1), BatchScript())
    async with scripted(script) as (files, _):
        began = asyncio.get_running_loop().time()
        await files.transcribe_file(audio, OPTIONS)
    assert asyncio.get_running_loop().time() - began > 0.99


@respx.mock
async def test_retry_after_may_be_a_date(audio: AudioFile) -> None:
    """A date is understood like a number of seconds."""
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    respx.post(TRANSCRIPTIONS).respond(429, headers={"Retry-After": later})
    async with client() as files:
        with pytest.raises(ProviderRateLimited) as raised:
            await files.transcribe_file(audio, OPTIONS)
    assert raised.value.retry_after == pytest.approx(1800, abs=60)


@pytest.mark.parametrize(("wait", "deadline"), [(3600, 9000.0), (4, 3.0)])
@respx.mock
async def test_a_long_retry_after_is_the_callers_to_wait_for(
    audio: AudioFile, wait: int, deadline: float
) -> None:
    """A wait that is long, or beyond the deadline, is told instead of waited for."""
    route = respx.post(TRANSCRIPTIONS).respond(429, headers={"Retry-After": str(wait)})
    async with client(deadline_seconds=deadline) as files:
        with pytest.raises(ProviderRateLimited) as raised:
            await files.transcribe_file(audio, OPTIONS)
    assert raised.value.retry_after == wait
    assert route.call_count == 1


@respx.mock
async def test_a_redirect_is_not_followed(audio: AudioFile) -> None:
    """The key and the audio go to the address that was set, and nowhere else."""
    respx.post(TRANSCRIPTIONS).respond(307, headers={"Location": "https://elsewhere.test/"})
    async with client() as files:
        with pytest.raises(ProviderUnavailable):
            await files.transcribe_file(audio, OPTIONS)


async def test_a_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    """Sending 32 MB takes less than 2 MB of memory."""
    large = file_of(tmp_path / "large.wav", bytes(32 * 1024 * 1024))

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [size] = [
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        while size > 0:
            size -= len(await reader.read(65_536))
        body = json.dumps(ANSWER).encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        )
        writer.write(head + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, client(url) as files:
        await files.transcribe_file(replace(large, path=large.path), OPTIONS)
        tracemalloc.start()
        try:
            await files.transcribe_file(large, OPTIONS)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2 * 1024 * 1024


@asynccontextmanager
async def asked(url: str) -> AsyncIterator[ModelCards]:
    """Ask a provider what its models can do."""
    cards = ModelCards(url, api_key=SecretStr("k"), connect_seconds=2)
    yield cards
    await cards.aclose()


async def test_capabilities_are_those_of_the_card() -> None:
    """What a model's card says is believed, and asked for once."""
    cards = [replace(HOSTED[0], languages=("en",), diarization=False)]
    async with serve(ScriptedEngine(cards=cards)) as server, asked(server.url) as files:
        can = await files.file_capabilities(V2)
        await server.close()
        assert await files.file_capabilities(V2) is can
    assert can.languages == {"en"}
    assert not can.diarization
    assert can.single_word_bias
    assert can.language_or_timestamps


async def test_capabilities_without_a_card_are_those_that_are_known() -> None:
    """While the provider cannot be asked, the table says what its models can do."""
    async with asked("http://127.0.0.1:9") as files:
        version_2, version_3 = [await files.file_capabilities(one) for one in (V2, V3)]
        with pytest.raises(NotFound):
            await files.file_capabilities("voxtral-unheard-of")
    assert version_2.timestamps == {"segment", "word"}
    assert version_2.language_or_timestamps
    assert version_3.timestamps == {"segment"}
    assert not version_3.single_word_bias


async def test_a_live_model_takes_no_files() -> None:
    """A model that only listens live is no model for files."""
    async with serve(ScriptedEngine()) as server, asked(server.url) as files:
        with pytest.raises(NotFound, match="no files"):
            await files.file_capabilities("voxtral-mini-transcribe-realtime-2602")
