"""Laws of the live client, over real sockets against a scripted service."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared_schema.errors import ErrorCode
from tests.doubles.bridge import Line, scripted_bridge
from tests.doubles.numbered_audio import Microphone, at_once, numbers, recording
from tests.utter_transcribe.listener import Listener, Tokens, eventually
from utter_transcribe.errors import AuthError, Failure
from utter_transcribe.events import Acked, Finished, Noticed, Opened, Reconnecting, Words
from utter_transcribe.link import Patience
from utter_transcribe.live import LiveTranscription, realtime_url
from utter_transcribe.options import Options

QUICK = Patience(ready=2, ack=0.3, final=0.5, hearing=1e6, backoff=0.01, backoff_max=0.02)


async def good(line: Line) -> None:
    """Be a session as it should be."""
    await line.transcribe()


async def test_a_recording_becomes_text() -> None:
    """Every frame arrives once and in order, and what is said comes back as events and result."""
    listener, tokens = Listener(), Tokens()
    options = Options(language="English", context_bias=("Utter",), target_streaming_delay_ms=480)
    async with scripted_bridge(good) as bridge:
        live = LiveTranscription(bridge.url, tokens, options=options, on_event=listener)
        result = await live.run(at_once(recording(25)))
    (line,) = bridge.lines
    assert line.token == "token-1"
    assert line.start == {
        "type": "start",
        "v": 1,
        "language": "English",
        "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
        "context_bias": ["Utter"],
        "target_streaming_delay_ms": 480,
    }
    assert numbers(line.audio) == list(range(25))
    assert live.recording.pcm() == recording(25)
    assert result.text == "word0 word5 word10 word15 word20"
    assert (result.status, result.reason, result.failure) == ("complete", None, None)
    assert (result.deltas, result.reconnects, result.audio_seconds) == (5, 0, 2.5)
    assert result.session_ids == (line.session_id,)
    assert result.ready_ms is not None
    assert result.first_delta_ms is not None
    assert isinstance(listener.events[0], Opened)
    assert listener.events[-1] == Finished(result)
    assert [words.text for words in listener.of(Words)][:2] == ["word0", "word0 word5"]
    assert [acked.audio_seconds for acked in listener.of(Acked)][-1] == 2.5
    assert line.socket.close_code == 1000


async def test_audio_before_ready_arrives_first() -> None:
    """What is recorded before the service is ready is kept, and sent as soon as it is."""
    microphone, waiting = Microphone(), asyncio.Event()

    async def slow(line: Line) -> None:
        microphone.record(20)
        await waiting.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):  # nothing may come before `ready`
                await line.socket.recv()
        await line.transcribe()

    async with scripted_bridge(slow) as bridge:
        live = LiveTranscription(bridge.url, Tokens())
        async with asyncio.TaskGroup() as group:
            run = group.create_task(live.run(microphone()))
            await eventually(lambda: live.recording.seconds == 2)
            waiting.set()
            microphone.record(5)
            microphone.end()
        assert numbers(bridge.lines[0].audio) == list(range(25))
        assert (await run).status == "complete"
    assert microphone.closed


async def test_pieces_of_any_length_become_whole_frames() -> None:
    """Audio in pieces of odd lengths arrives as frames of 100 ms, the rest before `stop`."""
    pcm = recording(7) + recording(1)[:500]

    async def crumbs() -> AsyncIterator[bytes]:
        for at in range(0, len(pcm), 333):
            yield pcm[at : at + 333]

    async with scripted_bridge(good) as bridge:
        await LiveTranscription(bridge.url, Tokens()).run(crumbs())
    assert bytes(bridge.lines[0].audio) == pcm


async def test_a_lost_session_is_resumed_before_its_last_ack() -> None:
    """After a drop the next session resumes the lost one and hears the rewind again."""
    listener = Listener()

    async def dies(line: Line) -> None:
        await line.ready(rewind_ms=1000)
        await line.hear(ms=2000)
        await line.say("one two three fo")
        await line.ack(1800)
        await line.hear(ms=2500)
        await line.drop()

    async def goes_on(line: Line) -> None:
        await line.ready()
        await line.hear()
        await line.say("wo three four five")
        await line.final()

    async with scripted_bridge(dies, goes_on) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=QUICK)
        result = await live.run(at_once(recording(40)))
    first, second = bridge.lines
    assert second.start["resumes"] == first.session_id
    assert numbers(second.audio) == list(range(8, 40))
    assert result.text == "one two three four five"
    assert result.session_ids == (first.session_id, second.session_id)
    assert result.audio_seconds == 4.0
    (lost,) = listener.of(Reconnecting)
    assert (lost.attempt, lost.failure.retryable) == (1, True)
    assert [opened.resumed for opened in listener.of(Opened)] == [False, True]


async def test_stop_is_sent_again() -> None:
    """A session lost between `stop` and `final` is resumed, and stopped again."""

    async def dies(line: Line) -> None:
        await line.ready(rewind_ms=500)
        await line.hear()
        await line.ack()
        await line.drop()

    async with scripted_bridge(dies, good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(20)))
    assert bridge.lines[1].stopped
    assert numbers(bridge.lines[1].audio) == list(range(15, 20))
    assert result.status == "complete"


async def test_a_partial_final_counts_and_its_error_decides() -> None:
    """After `final: partial` and a retryable error the text is kept and the session resumed."""

    async def provider_drops(line: Line) -> None:
        await line.ready(rewind_ms=0)
        await line.hear(ms=1000)
        await line.ack()
        await line.say("one")
        await line.final("partial", ErrorCode.PROVIDER_UNAVAILABLE, text="one two")
        await line.error(ErrorCode.PROVIDER_UNAVAILABLE)

    async def goes_on(line: Line) -> None:
        await line.ready()
        await line.hear()
        await line.say("three")
        await line.final()

    async with scripted_bridge(provider_drops, goes_on) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(20)))
    assert result.text == "one two three"
    assert (result.status, result.reconnects) == ("complete", 1)


@pytest.mark.parametrize("code", [ErrorCode.QUOTA_EXCEEDED, ErrorCode.TRANSCRIPTION_DISABLED])
async def test_an_error_that_is_not_retryable_ends_it(code: ErrorCode) -> None:
    """After an error that says so nothing is tried again, and the text so far stands."""

    async def ends(line: Line) -> None:
        await line.ready()
        await line.hear(ms=1000)
        await line.say("so far")
        await line.ack()
        await line.final("partial", code)
        await line.error(code)

    async with scripted_bridge(ends) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(20)))
    assert bridge.handshakes == 1
    assert (result.text, result.status, result.reason) == ("so far", "partial", code)
    assert result.failure is not None
    assert result.failure.code is code
    assert result.audio_seconds == 1.0


@pytest.mark.parametrize(("code", "handshakes"), [(4400, 1), (1000, 1), (1011, 7), (4502, 7)])
async def test_a_close_alone_decides_by_its_code(code: int, handshakes: int) -> None:
    """Where no error arrived, the close code says whether to retry, at most six times."""

    async def closes(line: Line) -> None:
        await line.socket.close(code)

    async with scripted_bridge(closes) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(5)))
    assert bridge.handshakes == handshakes
    assert (result.text, result.status) == ("", "partial")
    assert result.failure is not None
    assert str(code) in result.failure.message


async def test_progress_begins_the_row_of_tries_anew() -> None:
    """A session that carried new audio is no failed try, however often it happens."""

    async def carries_a_second(line: Line) -> None:
        await line.ready(rewind_ms=0)
        await line.hear(ms=1000)
        if line.stopped:
            await line.final()
        else:
            await line.ack()
            await line.drop()

    async with scripted_bridge(carries_a_second) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(105)))
    assert result.status == "complete"
    assert len(bridge.lines) == 11


async def test_nobody_there_is_tried_six_times() -> None:
    """A service that cannot be reached is tried again with growing, jittered waits."""
    listener = Listener()
    async with scripted_bridge(good) as bridge:
        pass
    live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=QUICK)
    result = await live.run(at_once(recording(5)))
    waits = [event.delay for event in listener.of(Reconnecting)]
    assert [event.attempt for event in listener.of(Reconnecting)] == [1, 2, 3, 4, 5, 6]
    assert 0.005 <= waits[0] <= 0.01
    assert all(0.01 <= wait <= 0.02 for wait in waits[1:])
    assert (result.status, result.ready_ms, result.session_ids) == ("partial", None, ())


@pytest.mark.parametrize(
    ("refusals", "tries"),
    [([(503, {"Retry-After": "0"})], 2), ([(403, {})], 1), ([(302, {"Location": "/other"})], 1)],
)
async def test_a_refused_handshake_is_judged_by_its_status(
    refusals: list[tuple[int, dict[str, str]]], tries: int
) -> None:
    """A refusal that can pass is tried again; others, and redirects, are not followed."""
    async with scripted_bridge(good, refusals=refusals) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(5)))
    assert bridge.handshakes == tries
    assert result.status == ("complete" if tries > 1 else "partial")


@pytest.mark.parametrize(("refused", "status"), [(1, "complete"), (2, "partial")])
async def test_an_expired_token_is_refreshed_once(refused: int, status: str) -> None:
    """A 401 asks for a fresh token; a second one in a row is believed."""
    tokens = Tokens()
    async with scripted_bridge(good, refusals=[(401, {})] * refused) as bridge:
        live = LiveTranscription(bridge.url, tokens, patience=QUICK)
        result = await live.run(at_once(recording(5)))
    assert tokens.asked == [False, True]
    assert result.status == status


async def test_token_expired_is_refreshed_too() -> None:
    """The error `token_expired` is no end: the next start brings a fresh token."""
    tokens = Tokens()

    async def expired(line: Line) -> None:
        await line.error(ErrorCode.TOKEN_EXPIRED)

    async with scripted_bridge(expired, good) as bridge:
        live = LiveTranscription(bridge.url, tokens, patience=QUICK)
        result = await live.run(at_once(recording(5)))
    assert tokens.asked == [False, True]
    assert result.status == "complete"


async def test_without_a_token_nothing_is_opened() -> None:
    """A token that cannot be had ends it with its reason."""

    async def no_token(*, fresh: bool = False) -> str:
        raise AuthError(Failure("sign-ups are off", retryable=False))

    async with scripted_bridge(good) as bridge:
        result = await LiveTranscription(bridge.url, no_token).run(at_once(recording(5)))
    assert bridge.handshakes == 0
    assert result.failure == Failure("sign-ups are off", retryable=False)


async def test_retry_after_is_kept() -> None:
    """The service's own wait counts, and one that is too long is a refusal."""
    listener = Listener()

    async def busy(line: Line) -> None:
        await line.error(ErrorCode.SESSION_LIMIT, retry_after=0.2 if len(seen) == 0 else 600)
        seen.append(line)

    seen: list[Line] = []
    async with scripted_bridge(busy) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=QUICK)
        result = await live.run(at_once(recording(5)))
    (wait,) = listener.of(Reconnecting)
    assert 0.2 <= wait.delay <= 0.25
    assert bridge.handshakes == 2
    assert result.reason is ErrorCode.SESSION_LIMIT


async def test_a_half_open_socket_is_left() -> None:
    """No `ack` while audio is sent means that nobody listens: the session is resumed."""

    async def deaf(line: Line) -> None:
        await line.ready(rewind_ms=0)
        await line.hear(ms=1000)
        await line.ack()
        await line.socket.wait_closed()

    async with scripted_bridge(deaf, good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(40)))
    assert numbers(bridge.lines[1].audio) == list(range(10, 40))
    assert result.status == "complete"


async def test_a_pause_of_the_source_is_no_half_open_socket() -> None:
    """While nothing is sent, no `ack` is missed."""
    microphone = Microphone()

    async with scripted_bridge(good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(live.run(microphone()))
            microphone.record(10)
            await asyncio.sleep(3 * QUICK.ack)
            microphone.record(10)
            microphone.end()
        assert (await run).reconnects == 0


async def test_no_final_after_stop_is_no_end() -> None:
    """A service that goes silent after `stop` is left, and the session resumed."""

    async def silent(line: Line) -> None:
        await line.ready()
        await line.hear()
        await line.ack()
        await line.socket.wait_closed()

    async with scripted_bridge(silent, good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=QUICK)
        result = await live.run(at_once(recording(20)))
    assert (result.status, result.reconnects) == ("complete", 1)


async def test_no_ready_is_tried_again() -> None:
    """A service that accepts and never gets ready is left after a while."""

    async def never(line: Line) -> None:
        await line.socket.wait_closed()

    patience = Patience(ready=0.2, backoff=0.01)
    async with scripted_bridge(never, good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), patience=patience)
        result = await live.run(at_once(recording(20)))
    assert (result.status, bridge.handshakes) == ("complete", 2)


async def test_draining_opens_the_successor_first() -> None:
    """On `draining` the next session is ready before the old one is left, without a gap."""
    microphone, listener = Microphone(), Listener()
    left_before_ready = []

    async def drains(line: Line) -> None:
        await line.ready(rewind_ms=500)
        await line.hear(ms=1000)
        await line.ack()
        await line.say("one two")
        await line.notice()
        await line.hear()

    async def successor(line: Line) -> None:
        left_before_ready.append(bridge.lines[0].closed.is_set())
        microphone.record(5)  # the old one hears these still
        await eventually(lambda: live.recording.seconds == 1.5)
        await line.ready(rewind_ms=500)
        microphone.record(5)
        microphone.end()
        await line.hear()
        await line.say("two three")
        await line.final()

    async with scripted_bridge(drains, successor) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=QUICK)
        microphone.record(10)
        result = await live.run(microphone())
        await bridge.lines[0].closed.wait()
    first, second = bridge.lines
    assert left_before_ready == [False]
    assert second.start["resumes"] == first.session_id
    assert numbers(first.audio)[:10] == list(range(10))
    assert numbers(second.audio) == list(range(5, 20))
    assert (result.text, result.status, result.reconnects) == ("one two three", "complete", 1)
    assert len(listener.of(Noticed)) == 1
    assert listener.of(Reconnecting) == []


async def test_draining_with_no_successor_keeps_the_old_session() -> None:
    """While the successor cannot be opened, the draining session is used to its last word."""
    listener, microphone = Listener(), Microphone()

    async def drains(line: Line) -> None:
        await line.ready(rewind_ms=0)
        await line.notice()
        while bridge.handshakes < 10:
            await line.hear(ms=len(line.audio) // 32 + 100)
            await line.ack()
            microphone.record(1)
        await line.final("partial", ErrorCode.DRAINING, text="kept")
        await line.error(ErrorCode.DRAINING)

    async with scripted_bridge(drains, good) as bridge:

        async def feed() -> None:
            await listener.until(lambda: listener.of(Opened))
            bridge.refusals = [(503, {})] * 9
            microphone.record(1)
            await listener.until(lambda: len(listener.of(Opened)) == 2)
            microphone.record(10)
            microphone.end()

        live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=QUICK)
        async with asyncio.TaskGroup() as group:
            group.create_task(feed())
            run = group.create_task(live.run(microphone()))
        result = await run
    heard = numbers(bridge.lines[0].audio) + numbers(bridge.lines[1].audio)
    assert set(heard) == set(range(len(live.recording) // 3200))
    assert result.status == "complete"
    assert result.text.startswith("kept word")


async def test_an_idle_session_is_resumed_when_there_is_something_to_say() -> None:
    """After `idle_timeout` no socket is opened until audio comes again."""
    microphone, listener = Microphone(), Listener()

    async def bored(line: Line) -> None:
        await line.ready(rewind_ms=0)
        await line.hear(ms=1000)
        await line.ack()
        await line.final("partial", ErrorCode.IDLE_TIMEOUT)
        await line.error(ErrorCode.IDLE_TIMEOUT)

    async with scripted_bridge(bored, good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=QUICK)
        microphone.record(10)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(live.run(microphone()))
            await eventually(lambda: bridge.lines and bridge.lines[0].closed.is_set())
            await asyncio.sleep(5 * QUICK.backoff_max)
            assert bridge.handshakes == 1
            microphone.record(10)
            microphone.end()
        assert (await run).status == "complete"
    assert numbers(bridge.lines[1].audio) == list(range(10, 20))


async def test_stop_ends_the_audio_and_waits_for_the_text() -> None:
    """`stop` by a person ends the recording where it is; the result is whole."""
    microphone, listener = Microphone(), Listener()
    async with scripted_bridge(good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(live.run(microphone()))
            microphone.record(10)
            await listener.until(lambda: len(listener.of(Words)) == 2)
            live.stop()
        result = await run
    assert (result.status, result.text) == ("complete", "word0 word5")
    assert microphone.closed


async def test_a_stopped_recording_survives_a_lost_line() -> None:
    """`stop` while the line is down is not forgotten: the successor gets the rest and `stop`."""
    microphone, listener = Microphone(), Listener()

    async def dies(line: Line) -> None:
        await line.ready(rewind_ms=0)
        await line.hear(ms=1000)
        await line.ack()
        await line.drop()

    patience = Patience(backoff=0.3)
    async with scripted_bridge(dies, good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener, patience=patience)
        async with asyncio.TaskGroup() as group:
            run = group.create_task(live.run(microphone()))
            microphone.record(10)
            await listener.until(lambda: listener.of(Reconnecting))
            microphone.record(5)
            await eventually(lambda: live.recording.seconds == 1.5)
            live.stop()
        result = await run
    assert numbers(bridge.lines[1].audio) == list(range(10, 15))
    assert result.status == "complete"


async def test_a_cancelled_session_ends_for_good() -> None:
    """Cancelling closes the socket in order and opens no other."""
    microphone, listener = Microphone(), Listener()
    async with scripted_bridge(good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), on_event=listener)
        run = asyncio.create_task(live.run(microphone()))
        microphone.record(10)
        await listener.until(lambda: listener.of(Words))
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        await bridge.lines[0].closed.wait()
    assert bridge.lines[0].socket.close_code == 1000
    assert bridge.handshakes == 1
    assert microphone.closed


async def test_a_full_recording_ends_the_audio() -> None:
    """At its cap the recording ends by itself, whole up to there, and the result says so."""
    async with scripted_bridge(good) as bridge:
        live = LiveTranscription(bridge.url, Tokens(), max_seconds=2)
        result = await live.run(at_once(recording(30)))
    assert numbers(bridge.lines[0].audio) == list(range(20))
    assert (result.status, result.reason) == ("complete", "max_duration")


async def test_a_limit_of_the_service_ends_it_complete() -> None:
    """A session that reached its granted seconds is complete; nothing is resumed."""

    async def short(line: Line) -> None:
        await line.ready(max_seconds=1)
        await line.hear(ms=1000)
        await line.say("a second")
        await line.final("complete", "max_duration")

    microphone = Microphone()
    microphone.record(30)
    async with scripted_bridge(short) as bridge:
        result = await LiveTranscription(bridge.url, Tokens()).run(microphone())
    assert (result.status, result.reason, result.text) == ("complete", "max_duration", "a second")
    assert bridge.handshakes == 1
    assert microphone.closed


async def test_a_source_that_fails_is_told() -> None:
    """An error of the audio source reaches the caller, and the socket is closed."""

    async def broken() -> AsyncIterator[bytes]:
        yield recording(10)
        raise OSError("unplugged")

    async with scripted_bridge(good) as bridge:
        with pytest.raises(OSError, match="unplugged"):
            await LiveTranscription(bridge.url, Tokens()).run(broken())


async def test_what_is_not_understood_is_passed_over() -> None:
    """Unknown messages, fields, codes and garbage of a newer service end nothing."""

    async def newer(line: Line) -> None:
        await line.ready()
        for strange in ['{"type": "mood"}', "{", "[]", '{"type": "ack", "audio_ms": "many"}']:
            await line.socket.send(strange)
        await line.socket.send('{"type": "delta", "text": "well", "confidence": 1}')
        await line.hear()
        await line.socket.send(
            '{"type": "error", "message": "too late", "code": "full_moon", "retryable": false}'
        )

    async with scripted_bridge(newer) as bridge:
        result = await LiveTranscription(bridge.url, Tokens()).run(at_once(recording(5)))
    assert result.text == "well"
    assert result.failure is not None
    assert result.failure.message == "too late"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8790", "ws://127.0.0.1:8790/api/transcriptions/realtime"),
        ("https://example.org/", "wss://example.org/api/transcriptions/realtime"),
        ("wss://example.org/own/path", "wss://example.org/own/path"),
    ],
)
def test_an_address_of_a_host_is_enough(url: str, expected: str) -> None:
    """The socket's address follows from the service's."""
    assert realtime_url(url) == expected


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org", "ws://"])
def test_other_addresses_are_refused(url: str) -> None:
    """What is no address of a service is told at once."""
    with pytest.raises(ValueError, match="not an address"):
        realtime_url(url)
