"""The unmodified `mistralai` package against this wire."""

from collections.abc import AsyncIterator

import pytest
from mistralai.client import Mistral
from mistralai.client.errors import SDKError
from mistralai.client.models import (
    AudioFormat,
    TranscriptionStreamDone,
    TranscriptionStreamLanguage,
    TranscriptionStreamSegmentDelta,
    TranscriptionStreamTextDelta,
)
from mistralai.extra.exceptions import RealtimeTranscriptionException
from mistralai.extra.realtime import RealtimeTranscriptionError, UnknownRealtimeEvent

from local_stack.provider import BatchScript, Script, ScriptedEngine, serve
from tests.local_stack.provider.wire import BATCH_MODEL, FRAME, REALTIME_MODEL

PCM = AudioFormat(encoding="pcm_s16le", sample_rate=16_000)


async def audio(frames: int = 20) -> AsyncIterator[bytes]:
    """Silence, as a microphone would give it."""
    for _ in range(frames):
        yield FRAME


async def test_realtime() -> None:
    """The realtime client gets the session, the language, all deltas and the done."""
    engine = ScriptedEngine(Script(language="en"))
    async with serve(engine) as server, Mistral(api_key="k", server_url=server.url) as client:
        events = [
            event
            async for event in client.audio.realtime.transcribe_stream(
                audio(), REALTIME_MODEL, PCM, target_streaming_delay_ms=480
            )
        ]
        await server.sessions[0].closed.wait()
    assert not any(isinstance(event, UnknownRealtimeEvent) for event in events)
    assert [event.type for event in events[:2]] == ["session.created", "session.updated"]
    assert isinstance(events[2], TranscriptionStreamLanguage)
    done = events[-1]
    assert isinstance(done, TranscriptionStreamDone)
    deltas = [e.text for e in events if isinstance(e, TranscriptionStreamTextDelta)]
    assert "".join(deltas) == done.text == engine_text(engine)
    assert done.usage.prompt_audio_seconds == 2
    assert bytes(server.sessions[0].audio) == FRAME * 20


async def test_realtime_error() -> None:
    """The realtime client understands our error event."""
    engine = ScriptedEngine(Script(error_at_frame=3, error_message={"detail": "no"}))
    async with serve(engine) as server, Mistral(api_key="k", server_url=server.url) as client:
        stream = client.audio.realtime.transcribe_stream(audio(), REALTIME_MODEL)
        events = [event async for event in stream]
    assert isinstance(events[-1], RealtimeTranscriptionError)
    assert events[-1].error.message == {"detail": "no"}


async def test_realtime_refused() -> None:
    """The realtime client understands our refusal."""
    engine = ScriptedEngine(Script(refuse_status=429))
    async with serve(engine) as server, Mistral(api_key="k", server_url=server.url) as client:
        with pytest.raises(RealtimeTranscriptionException, match="429"):
            await client.audio.realtime.connect(REALTIME_MODEL)


async def test_complete() -> None:
    """The batch client gets text and segments."""
    engine = ScriptedEngine()
    async with serve(engine) as server, Mistral(api_key="k", server_url=server.url) as client:
        answer = await client.audio.transcriptions.complete_async(
            model=BATCH_MODEL,
            file={"file_name": "speech.wav", "content": b"...."},
            context_bias=["word", "other"],
            timestamp_granularities=["word"],
        )
    assert answer.text == engine_text(engine)
    assert [segment.text for segment in answer.segments or []] == answer.text.split()
    assert server.requests[0].data == b"...."


async def test_stream() -> None:
    """The batch client's stream understands every event."""
    engine = ScriptedEngine(Script(language="en"))
    async with serve(engine) as server, Mistral(api_key="k", server_url=server.url) as client:
        for granularities, kind in (
            (None, TranscriptionStreamTextDelta),
            (["segment"], TranscriptionStreamSegmentDelta),
        ):
            stream = await client.audio.transcriptions.stream_async(
                model=BATCH_MODEL,
                file={"file_name": "speech.wav", "content": b"...."},
                timestamp_granularities=granularities,
            )
            async with stream:
                data = [event.data async for event in stream]
            assert isinstance(data[0], TranscriptionStreamLanguage)
            assert all(isinstance(item, kind) for item in data[1:-1])
            assert isinstance(data[-1], TranscriptionStreamDone)
            assert data[-1].text == engine_text(engine)


async def test_batch_error() -> None:
    """The batch client raises our error with its status and Retry-After."""
    engine = ScriptedEngine(Script(batch=BatchScript(status=429, retry_after=3)))
    async with serve(engine) as server, Mistral(api_key="k", server_url=server.url) as client:
        with pytest.raises(SDKError) as raised:
            await client.audio.transcriptions.complete_async(
                model=BATCH_MODEL, file={"file_name": "speech.wav", "content": b"...."}
            )
    assert raised.value.status_code == 429
    assert raised.value.headers["retry-after"] == "3"


async def test_models() -> None:
    """The model client reads our cards, what they say of transcription included."""
    async with (
        serve(ScriptedEngine()) as server,
        Mistral(api_key="k", server_url=server.url) as client,
    ):
        for card in (await client.models.list_async()).data or []:
            again = await client.models.retrieve_async(model_id=card.id)
            assert again == card
            assert again.audio_transcription_capabilities
            assert again.audio_transcription_capabilities.languages


def engine_text(engine: ScriptedEngine) -> str:
    """What the engine's only script says."""
    assert isinstance(engine.script, Script)
    return engine.script.text
