"""Laws of the resume, against the real bridge: its process is killed, and started again."""

import asyncio
import base64
import json
import signal
from collections.abc import AsyncIterator, Callable
from functools import partial
from math import inf
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from local_stack.postgres import Postgres
from local_stack.provider import RealtimeRecord, Script, ScriptedEngine
from local_stack.provider.engine import FileRequest, Segment
from local_stack.provider.offline import OfflineEngine, choose
from shared_schema.audio import FRAME_BYTES
from tests.doubles.numbered_audio import Microphone, at_once, numbers, recording
from tests.utter_transcribe.listener import Listener, eventually
from tests.utter_transcribe.real_bridge import RealBridge, real_bridge
from tests.wires import Wire, over_all_wires
from utter_transcribe.audio import decode, paced
from utter_transcribe.events import Acked, Noticed, Opened, Reconnecting, Words
from utter_transcribe.link import Patience
from utter_transcribe.live import LiveTranscription
from utter_transcribe.wer import word_error_rate, words

pytestmark = pytest.mark.timeout(180)  # processes are started again and again

SAMPLE = Path(__file__).parents[2] / "local_stack" / "samples" / "reference.wav"


MAX_LAG = 2.5
"""Seconds by which text may lag behind audio, as the adapter of the hosted models says."""

PATIENT = Patience(ready=60, ack=30, tries=50)
"""Other tests may take the machine's time; what is told apart here is not how fast it is."""


def heard(records: list[RealtimeRecord]) -> list[list[int]]:
    """Return the frames that every session of the provider heard."""
    return [numbers(record.audio[: len(record.audio) // 3200 * 3200]) for record in records]


async def test_frames_recorded_before_ready_arrive_first(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Words spoken while the provider still connects are not lost, nor out of order."""
    engine = ScriptedEngine(Script(connect_delay_ms=500))
    microphone = Microphone()
    async with real_bridge(postgres, engine, tmp_path) as bridge:
        listener = Listener()
        live = LiveTranscription(bridge.url, bridge.token, on_event=listener, patience=PATIENT)
        microphone.record(10)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(live.run(microphone()))
            await eventually(lambda: bridge.provider.sessions)
            assert live.recording.seconds == 1
            assert not listener.of(Opened)
            await listener.until(lambda: listener.of(Opened))
            microphone.record(10)
            microphone.end()
        assert (await run).status == "complete"
        assert heard(bridge.provider.sessions) == [list(range(20))]


async def test_a_killed_bridge_loses_no_audio(postgres: Postgres, tmp_path: Path) -> None:
    """Killed early, midway, and between `stop` and `final`, nothing is missing at the provider."""
    engine = ScriptedEngine(Script(done_delay_ms=400))
    listener = Listener()
    async with real_bridge(postgres, engine, tmp_path) as bridge:
        sessions = bridge.provider.sessions

        async def kill_and_start() -> None:
            await listener.until(lambda: listener.of(Opened))
            for seconds in (0.8, 4.0):
                await kill_at(bridge, listener, seconds)
            await eventually(lambda: {"type": "input_audio.end"} in sessions[-1].messages)
            await bridge.kill()
            await bridge.start()

        live = LiveTranscription(bridge.url, bridge.token, on_event=listener, patience=PATIENT)
        async with asyncio.TaskGroup() as group:
            group.create_task(kill_and_start())
            result = await live.run(paced(at_once(recording(70)), speed=2))
        # One that was opened just before the bridge was killed has heard nothing.
        frames = [one for one in heard(sessions) if one]
    assert result.status == "complete"
    assert result.reconnects == 3
    assert len(listener.of(Reconnecting)) >= 3
    assert result.audio_seconds == pytest.approx(7, abs=0.001)
    assert {number for one in frames for number in one} == set(range(70))
    ends = 0
    for one in frames:
        assert one == list(range(one[0], one[-1] + 1))
        assert one[0] <= ends  # overlap, no gap
        ends = one[-1] + 1
    assert ends == 70


@over_all_wires
async def test_a_provider_that_ends_early_costs_no_audio(
    wire: Wire, postgres: Postgres, tmp_path: Path
) -> None:
    """A done that nobody asked for, as at a model's greatest length, is resumed without a gap."""
    engine = wire.engine([Script(done_at_frame=20), Script()])
    async with real_bridge(postgres, engine, tmp_path, wire) as bridge:
        live = LiveTranscription(bridge.url, bridge.token, patience=PATIENT)
        result = await live.run(paced(at_once(recording(40)), speed=2))
        first, second = heard(bridge.provider.sessions)
    assert (result.status, result.reconnects) == ("complete", 1)
    assert result.audio_seconds == pytest.approx(4, abs=0.001)
    assert first[0] == 0
    assert second[0] < 20  # what came behind the done is heard again
    assert second == list(range(second[0], 40))


async def test_a_killed_bridge_costs_no_words(postgres: Postgres, tmp_path: Path) -> None:
    """With a provider behind it, the joined text is that of a run without interruption.

    At most one word differs for every seam, wherever the bridge is killed while the provider
    keeps the greatest lag that its adapter promises; on a busy machine the speaker waits for it.
    """
    pcm, engine, listener = b"".join(decode(SAMPLE)), OfflineEngine(choose(None, {})), Listener()
    async with real_bridge(postgres, engine, tmp_path) as bridge:
        expected = await recognise(bridge.provider.url, pcm)
        ends = await word_ends(engine)
        assert len(ends) == len(words(expected))
        kills = (2.0, 6.0, 11.0)
        killed = 0

        def lag(position: float) -> float:
            """How far the text is behind a place in the recording."""
            spoken = [event.text for event in listener.of(Words)]
            heard = len(words(spoken[-1])) if spoken else 0
            return position - (ends[heard - 1] if heard else 0.0)

        async def speaker() -> AsyncIterator[bytes]:
            """Speak in real time, slower while the provider lags, and wait for each kill."""
            async for piece in paced(at_once(pcm)):
                yield piece
                for _ in range(20):
                    if lag(live.recording.seconds) <= MAX_LAG or not listener.of(Words):
                        break
                    await asyncio.sleep(0.02)
                for _ in range(400):
                    if live.recording.seconds < [*kills, inf][killed] + MAX_LAG:
                        break
                    await asyncio.sleep(0.02)

        def is_due(seconds: float) -> bool:
            return acked(listener) >= seconds and lag(acked(listener)) <= MAX_LAG

        async def kill_and_start() -> None:
            nonlocal killed
            for seconds in kills:
                await listener.until(partial(is_due, seconds))
                await bridge.kill()
                killed += 1
                await bridge.start()

        live = LiveTranscription(bridge.url, bridge.token, on_event=listener, patience=PATIENT)
        async with asyncio.TaskGroup() as group:
            group.create_task(kill_and_start())
            result = await live.run(speaker())
    assert result.status == "complete"
    assert result.reconnects == len(kills)
    wrong = word_error_rate(expected, result.text) * len(words(expected))
    assert wrong <= len(kills), (expected, result.text)


async def test_a_draining_bridge_hands_over(postgres: Postgres, tmp_path: Path) -> None:
    """A bridge that is told to go hands a session to the next one with no line lost."""
    listener, microphone = Listener(), Microphone()
    async with real_bridge(postgres, ScriptedEngine(Script()), tmp_path) as bridge:

        async def speak(until: Callable[[], bool]) -> None:
            while not until():
                microphone.record(1)
                await asyncio.sleep(0.07)

        async def deploy() -> None:
            await speak(lambda: acked(listener) >= 1.0)
            await bridge.start()
            leaving = asyncio.create_task(bridge.kill(signal.SIGTERM))
            await speak(lambda: len(listener.of(Opened)) == 2)
            microphone.record(10)
            microphone.end()
            await leaving

        live = LiveTranscription(bridge.url, bridge.token, on_event=listener, patience=PATIENT)
        async with asyncio.TaskGroup() as group:
            group.create_task(deploy())
            result = await live.run(microphone())
        first, second = heard(bridge.provider.sessions)
    assert (result.status, result.reconnects) == ("complete", 1)
    assert listener.of(Reconnecting) == []
    assert [event.notice.code for event in listener.of(Noticed)] == ["draining"]
    assert first == list(range(len(first)))
    assert second == list(range(second[0], len(live.recording) // FRAME_BYTES))
    assert second[0] <= first[-1]


async def recognise(url: str, pcm: bytes) -> str:
    """Return what the provider hears when nobody stands between."""
    path = "/v1/audio/transcriptions/realtime?model=voxtral-mini-transcribe-realtime-2602"
    headers = {"Authorization": "Bearer local"}
    async with connect(url.replace("http", "ws") + path, additional_headers=headers) as socket:
        for at in range(0, len(pcm), 3200):
            audio = base64.b64encode(pcm[at : at + 3200]).decode()
            await socket.send(json.dumps({"type": "input_audio.append", "audio": audio}))
        await socket.send(json.dumps({"type": "input_audio.end"}))
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "transcription.done":
                return str(event["text"])
    raise AssertionError("no done")


async def word_ends(engine: OfflineEngine) -> list[float]:
    """Return when each word of the sample was said, in seconds."""
    request = FileRequest(
        "voxtral-mini-2602", await asyncio.to_thread(SAMPLE.read_bytes), granularity="word"
    )
    heard = [event async for event in engine.transcribe(request)]
    ends = [event.end for event in heard if isinstance(event, Segment)]
    return [end for end in ends if end is not None]


async def kill_at(bridge: RealBridge, listener: Listener, seconds: float) -> None:
    """Kill the bridge when this much of the recording was handed over, and start it again."""
    await listener.until(lambda: acked(listener) >= seconds)
    await bridge.kill()
    await bridge.start()


def acked(listener: Listener) -> float:
    """Return how far the recording was handed over."""
    return max((event.audio_seconds for event in listener.of(Acked)), default=0.0)
