"""The batch half of the vLLM adapter."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import respx
from pydantic import SecretStr

from local_stack.provider import BatchScript, ProviderServer, Script, serve
from local_stack.provider.vllm.wire import VllmWire
from tests.wires import KEY, VLLM
from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    TextDelta,
    TranscriptionResult,
)
from transcription.providers.vllm.files import VllmFiles
from transcription.providers.vllm.models import VllmModels

OPTIONS: Final = FileOptions(VLLM.live_model)
HOST: Final = "http://vllm.test"
TRANSCRIPTIONS: Final = f"{HOST}/v1/audio/transcriptions"


@pytest.fixture
def audio(tmp_path: Path) -> AudioFile:
    """A file; what it holds is no matter to a script."""
    path = tmp_path / "take.wav"
    path.write_bytes(bytes(1000))
    return AudioFile(path, "audio/wav", duration_seconds=4.0, size=1000)


@asynccontextmanager
async def client(url: str = HOST, key: str | None = KEY, **given: Any) -> AsyncIterator[VllmFiles]:
    """Open our client; its retries hurry."""
    files = VllmFiles(
        server_url=url,
        api_key=None if key is None else SecretStr(key),
        connect_seconds=2.0,
        first_pause_seconds=0.01,
        **{"deadline_seconds": 5.0, **given},
    )
    try:
        yield files
    finally:
        await files.aclose()


@asynccontextmanager
async def scripted(
    script: Any = None, key: str | None = KEY, **given: Any
) -> AsyncIterator[tuple[VllmFiles, ProviderServer]]:
    """Open our client of a scripted provider."""
    engine = VLLM.engine(script or Script(text="one two"))
    async with (
        serve(engine, wire=VllmWire(key)) as server,
        client(server.url, key, **given) as files,
    ):
        yield files, server


async def _all(files: VllmFiles, audio: AudioFile) -> list[FileEvent]:
    async with aclosing(files.stream_file(audio, OPTIONS)) as events:
        return [event async for event in events]


async def test_what_is_sent(audio: AudioFile) -> None:
    """The file goes whole, under a name that tells nothing, with the fields that vLLM knows."""
    async with scripted() as (files, server):
        await files.transcribe_file(audio, FileOptions(OPTIONS.model, "de"))
        await _all(files, audio)
    whole, streamed = server.requests
    assert whole.data == audio.path.read_bytes()
    assert (whole.filename, whole.content_type) == ("audio.wav", "audio/wav")
    assert whole.headers["authorization"] == f"Bearer {KEY}"
    asked = {"model": OPTIONS.model, "response_format": "json", "stream": "true"}
    assert dict(whole.fields) == asked | {"language": "de"}
    assert dict(streamed.fields) == asked


async def test_a_server_without_a_key_is_told_none(audio: AudioFile) -> None:
    """No key, no header."""
    async with scripted(key=None) as (files, server):
        await files.transcribe_file(audio, OPTIONS)
    assert "authorization" not in server.requests[0].headers


async def test_a_result(audio: AudioFile) -> None:
    """The text, and seconds that we counted; a stream tells the text before, and the same last."""
    async with scripted() as (files, _):
        whole = await files.transcribe_file(audio, OPTIONS)
        *deltas, last = await _all(files, audio)
    assert deltas == [TextDelta("one"), TextDelta(" two")]
    assert isinstance(last, TranscriptionResult)
    for result in (whole, last):
        assert result.text == "one two"
        assert result.provider_metadata == {"model": OPTIONS.model, "billed_seconds": 4.0}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRejected),
        (401, ProviderKeyRefused),
        (404, ProviderRejected),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
@respx.mock
async def test_a_refusal(
    audio: AudioFile, status: int, error: type[ProviderError], stream: bool
) -> None:
    """Each status has its error, which never shows our key or the server's address."""
    body = VLLM.refusal(f"Bad key {KEY} at {HOST}/v1")
    respx.post(TRANSCRIPTIONS).respond(status, json=body)
    async with client() as files:
        with pytest.raises(error) as raised:
            await (_all(files, audio) if stream else files.transcribe_file(audio, OPTIONS))
    assert type(raised.value) is error
    assert KEY not in raised.value.message
    assert "vllm.test" not in raised.value.message


@respx.mock
async def test_safe_words_are_shown(audio: AudioFile) -> None:
    """What vLLM says of the request itself is passed on."""
    body = VLLM.refusal("Maximum file size exceeded")
    respx.post(TRANSCRIPTIONS).respond(400, json=body)
    async with client() as files:
        with pytest.raises(ProviderRejected, match="Maximum file size exceeded"):
            await files.transcribe_file(audio, OPTIONS)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reason", ["abort", "error", "length"])
async def test_an_engine_that_stops_early_has_failed(
    audio: AudioFile, reason: str, stream: bool
) -> None:
    """A text that ends for any reason but the end of the audio is a failure, streamed or whole."""
    script = Script(batch=BatchScript(text="one two", finish=reason))
    async with scripted(script) as (files, _):
        with pytest.raises(ProviderUnavailable):
            await (_all(files, audio) if stream else files.transcribe_file(audio, OPTIONS))


CHUNK = {"object": "transcription.chunk", "choices": [{"delta": {"content": "one"}}]}


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([CHUNK, VLLM.refusal("odd audio"), "[DONE]"], ProviderRejected),
        ([CHUNK, {"error": {"message": "x", "code": 500}}, "[DONE]"], ProviderUnavailable),
        ([CHUNK, {"error": "x"}], ProviderUnavailable),
        ([CHUNK], ProviderUnavailable),
        ([CHUNK, "[DON"], ProviderUnavailable),
        ([CHUNK, "null"], ProviderUnavailable),
    ],
    ids=["refusal", "failure", "string", "no-end", "no-json", "null"],
)
@respx.mock
async def test_a_stream_that_goes_wrong(
    audio: AudioFile, lines: list[Any], kind: type[ProviderError]
) -> None:
    """An error in the middle comes as data like any other, and a stream without an end is none."""
    sent = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    respx.post(TRANSCRIPTIONS).respond(
        200,
        text="".join(f"data: {one}\n\n" for one in sent),
        headers={"Content-Type": "text/event-stream"},
    )
    async with client() as files, aclosing(files.stream_file(audio, OPTIONS)) as events:
        assert await anext(events) == TextDelta("one")
        with pytest.raises(ProviderError) as raised:
            await anext(events)
    assert type(raised.value) is kind


@respx.mock
async def test_chunks_that_nobody_knows_are_passed_over(audio: AudioFile) -> None:
    """Empty and unknown chunks change nothing."""
    odd: list[Any] = [7, [], {}, {"choices": []}, {"choices": [{"delta": {}}]}]
    odd += [{"choices": [{"delta": {"content": ""}, "finish_reason": "stop"}]}]
    sent = [json.dumps(one) for one in (*odd, CHUNK, *odd)] + ["[DONE]"]
    respx.post(TRANSCRIPTIONS).respond(
        200,
        text="".join(f"data: {one}\n\n" for one in sent),
        headers={"Content-Type": "text/event-stream"},
    )
    async with client() as files:
        delta, result = await _all(files, audio)
    assert delta == TextDelta("one")
    assert isinstance(result, TranscriptionResult)
    assert result.text == "one"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"text": 7}', "null"])
@respx.mock
async def test_an_answer_that_is_none(audio: AudioFile, body: str) -> None:
    """An answer without a text is not understood."""
    respx.post(TRANSCRIPTIONS).respond(200, text=body)
    async with client() as files:
        with pytest.raises(ProviderUnavailable):
            await files.transcribe_file(audio, OPTIONS)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_deadline_for_the_whole(audio: AudioFile, stream: bool) -> None:
    """A server that thinks for too long is given up."""
    script = Script(batch=BatchScript(think_ms=60_000))
    async with scripted(script, deadline_seconds=0.2) as (files, _):
        with pytest.raises(ProviderUnavailable, match="took too long"):
            await (_all(files, audio) if stream else files.transcribe_file(audio, OPTIONS))


async def test_a_busy_server_is_asked_again(audio: AudioFile) -> None:
    """A 503 was not worked on, so it is tried again."""
    scripts = [Script(batch=BatchScript(status=503)), Script(text="one two")]
    async with scripted(scripts) as (files, server):
        result = await files.transcribe_file(audio, OPTIONS)
    assert result.text == "one two"
    assert [one.status for one in server.requests] == [503, 200]


async def test_what_a_model_can_do() -> None:
    """A file takes a language and nothing else, and is of 25 MB at most."""
    can = await VllmModels().file_capabilities("any/name")
    assert "de" in can.languages
    assert can.timestamps == frozenset()
    assert not can.diarization
    assert not can.context_bias
    assert can.max_bytes == 25_000_000
