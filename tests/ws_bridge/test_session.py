"""The session, decision by decision."""

from dataclasses import replace
from typing import Any

import pytest

from shared_schema.audio import BYTES_PER_SECOND, FRAME_BYTES
from shared_schema.base import Outbound
from shared_schema.errors import ErrorCode
from shared_schema.server_messages import (
    Ack,
    Delta,
    Error,
    Final,
    FinalReason,
    Language,
    LiveSegment,
    Notice,
    Ready,
)
from shared_schema.server_messages import Turn as TurnMessage
from tests.ws_bridge.machine import (
    RESUMES,
    SESSION_ID,
    STOP,
    TIMING,
    State,
    hear,
    in_state,
    live,
    start,
    taken,
    terms,
    told,
)
from tests.ws_bridge.world import VOICE
from transcription.errors import InternalError, ProviderRejected, ProviderUnavailable
from transcription.ledger.base import CutBy
from transcription.providers.base import LanguageDetected, Segment, TextDelta, TranscriptDone, Turn
from ws_bridge import session as states
from ws_bridge.effects import Close, EndAudio, Open, Ping
from ws_bridge.session import Session

STATES: tuple[State, ...] = ("waiting", "opening", "live", "ending")


def failed(session: Session) -> tuple[Final | None, ErrorCode]:
    """Return the final and the error's code of a session that was ended by an error."""
    effects = taken(session)
    assert isinstance(effects[-1], Close)
    *before, error = told(effects)
    assert isinstance(error, Error)
    assert session.state is states.State.CLOSED
    assert session.outcome == error.code
    finals = [message for message in before if isinstance(message, Final)]
    assert len(finals) <= 1
    return (finals[0] if finals else None), error.code


def test_a_start_asks_to_be_let_in() -> None:
    """A good `start` asks for admission, and nothing is told yet."""
    session = Session(TIMING, 0.0)
    session.receive_text(start(language="en"), 1.0)
    (effect,) = taken(session)
    assert isinstance(effect, Open)
    assert effect.start.language == "en"


def test_ready_tells_the_grant() -> None:
    """`ready` holds the terms, and how far a resume must rewind: the lag and 1.5 s."""
    session = in_state("opening")
    session.opened(terms(42.5), 1.0)
    assert told(taken(session)) == [
        Ready(session_id=SESSION_ID, model="model", max_seconds=42.5, resume_rewind_ms=4000)
    ]


def test_start_must_come_in_time() -> None:
    """A socket may wait up to the limit for its `start`, and no longer."""
    session = Session(TIMING, 100.0)
    session.tick(104.9)
    assert taken(session) == []
    session.tick(105.0)
    assert failed(session) == (None, ErrorCode.START_TIMEOUT)


def test_being_let_in_may_take_its_time() -> None:
    """The start's limit is met by `start` itself, not by what admission takes after it."""
    session = in_state("opening")
    session.tick(60.0)
    assert taken(session) == []


def test_stop_before_ready_ends_at_ready() -> None:
    """A `stop` that came first ends the audio as soon as the session is open."""
    session = in_state("opening")
    session.receive_text(STOP, 0.5)
    assert taken(session) == []
    session.opened(terms(), 1.0)
    effects = taken(session)
    assert isinstance(told(effects)[0], Ready)
    assert effects[1:] == [EndAudio()]


def test_acks_come_with_the_audio() -> None:
    """An ack is due after 800 ms of audio, or with the first frame or tick 800 ms later; once."""
    session = live()
    for number in range(7):
        hear(session, FRAME_BYTES, number / 10)
    assert taken(session) == []
    hear(session, FRAME_BYTES, 0.8)
    assert told(taken(session)) == [Ack(audio_ms=800)]
    hear(session, FRAME_BYTES, 0.9)
    session.tick(1.5)
    assert taken(session) == []
    session.tick(1.7)
    assert told(taken(session)) == [Ack(audio_ms=900)]
    session.tick(3.0)
    assert taken(session) == []
    hear(session, FRAME_BYTES, 3.1)
    assert told(taken(session)) == [Ack(audio_ms=1000)]


def test_what_is_not_handed_over_is_not_acknowledged() -> None:
    """An ack tells what the provider has taken, not what has come."""
    session = live()
    session.receive_audio(bytes(BYTES_PER_SECOND), 0.0)
    session.tick(0.5)
    assert taken(session) == []
    session.receive_audio(bytes(BYTES_PER_SECOND), 0.5)
    session.handed_over(BYTES_PER_SECOND, 0.9)
    assert told(taken(session)) == [Ack(audio_ms=1000)]


@pytest.mark.parametrize(
    ("cut_by", "reason"),
    [
        ("max_duration", "max_duration"),
        ("quota_exceeded", ErrorCode.QUOTA_EXCEEDED),
        ("budget_exceeded", ErrorCode.BUDGET_EXCEEDED),
    ],
)
def test_the_grant_is_kept_to_the_sample(cut_by: CutBy, reason: FinalReason) -> None:
    """The frame that reaches the grant is trimmed; the end is complete, with what cut it."""
    session = live(max_seconds=0.15, cut_by=cut_by)
    assert len(session.receive_audio(bytes(FRAME_BYTES), 0.0)) == FRAME_BYTES
    session.handed_over(FRAME_BYTES, 0.0)
    assert len(session.receive_audio(bytes(FRAME_BYTES), 0.1)) == FRAME_BYTES // 2
    session.handed_over(FRAME_BYTES // 2, 0.1)
    assert taken(session)[-1] == EndAudio()
    assert session.receive_audio(bytes(FRAME_BYTES), 0.2) == b""
    session.provider_event(TranscriptDone("all of it"), 0.3)
    (final,) = told(taken(session))
    assert final == Final(
        text="all of it",
        status="complete",
        reason=reason,
        model="model",
        audio_seconds=0.15,
        session_id=SESSION_ID,
    )


def test_a_grant_may_be_cut_while_it_is_used() -> None:
    """A shorter grant takes nothing back; where it is used up already, the audio ends."""
    session = live()
    hear(session, FRAME_BYTES * 5, 0.0)
    session.regrant(0.7)
    hear(session, FRAME_BYTES, 0.6)
    assert len(session.receive_audio(bytes(FRAME_BYTES * 2), 0.7)) == FRAME_BYTES
    session.regrant(0.1)
    session.handed_over(FRAME_BYTES, 0.7)
    assert taken(session)[-1] == EndAudio()
    assert session.outcome == ErrorCode.QUOTA_EXCEEDED


def test_a_grant_may_grow_while_it_is_used() -> None:
    """What comes back to a session is heard, and running into it means what it meant before."""
    session = live()
    session.regrant(0.1, "max_duration")
    session.regrant(0.2)
    hear(session, FRAME_BYTES * 2, 0.0)
    assert session.receive_audio(bytes(FRAME_BYTES), 0.1) == b""
    assert taken(session)[-1] == EndAudio()
    assert session.outcome == "max_duration"


def test_a_grant_that_grows_too_late_leaves_no_hole() -> None:
    """Audio that was cut at its grant ends there, and the client knows what to send again."""
    session = live()
    session.regrant(0.15, "max_duration")
    hear(session, FRAME_BYTES, 0.0)
    kept = session.receive_audio(bytes(FRAME_BYTES), 0.1)
    session.regrant(0.4)
    assert session.receive_audio(bytes(FRAME_BYTES), 0.2) == b""
    session.handed_over(len(kept), 0.2)
    assert (len(kept), session.received) == (FRAME_BYTES // 2, FRAME_BYTES * 3 // 2)
    assert taken(session)[-1] == EndAudio()
    assert session.outcome == "max_duration"


def test_a_grant_cut_in_silence_ends_at_the_tick() -> None:
    """A grant that is cut below what was used ends the audio though no frame comes any more."""
    session = live()
    hear(session, FRAME_BYTES, 0.0)
    session.tick(0.5)
    session.regrant(0.05)
    assert session.receive_audio(bytes(FRAME_BYTES), 0.6) == b""
    session.tick(1.0)
    assert taken(session)[-1] == EndAudio()


def test_the_end_is_told_once_and_in_time() -> None:
    """`ending_soon` comes with the frame that leaves 30 s, and never again."""
    session = live(max_seconds=31.0)
    hear(session, BYTES_PER_SECOND - 3200, 0.0)
    assert Notice(code="ending_soon", seconds_left=30.0) not in told(taken(session))
    hear(session, 3200, 1.0)
    assert Notice(code="ending_soon", seconds_left=30.0) in told(taken(session))
    hear(session, 3200, 1.1)
    assert not [one for one in told(taken(session)) if isinstance(one, Notice)]


def test_text_is_told_as_it_comes() -> None:
    """Deltas are verbatim; an empty one says nothing; their sum is the text."""
    session = live()
    for text in (" a", "", " b"):
        session.provider_event(TextDelta(text), 0.1)
    session.provider_event(LanguageDetected("fr"), 0.2)
    assert told(taken(session)) == [Delta(text=" a"), Delta(text=" b"), Language(language="fr")]
    assert session.text == " a b"


def test_speakers_and_turns_are_told_to_who_asked_for_them() -> None:
    """What goes beside the text is told between `ready` and `final`, and only where asked for."""
    segment, turn = Segment("a", 0.1, None, "speaker_1", 0.9), Turn("end", None, "silence")
    told_segment = LiveSegment(text="a", start=0.1, speaker="speaker_1", score=0.9)
    told_turn = TurnMessage(event="end", end_reason="silence")
    cases: list[tuple[dict[str, Any], list[Outbound]]] = [
        ({}, []),
        ({"diarize": True}, [told_segment]),
        ({"turn_detection": True}, [told_turn]),
        ({"diarize": True, "turn_detection": True}, [told_segment, told_turn]),
    ]
    for fields, messages in cases:
        session = live(**fields)
        session.provider_event(segment, 0.4)
        session.provider_event(turn, 0.4)
        assert told(taken(session)) == messages
        assert (session.text, session.deltas) == ("", 0)
        session.fail(ProviderUnavailable(), 0.5)
        taken(session)
        session.provider_event(segment, 0.6)
        session.provider_event(turn, 0.6)
        assert taken(session) == []


def test_a_segment_is_a_sign_of_life() -> None:
    """A provider that tells who speaks has not stalled, though its text is still to come."""
    session = live(diarize=True)
    for second in range(1, 29):
        frame = session.receive_audio(VOICE * 10, float(second))
        session.handed_over(len(frame), float(second))
        if second % 10 == 0:
            session.provider_event(Segment("a", 0.0, 1.0), float(second))
        session.tick(float(second))
    assert session.state is states.State.LIVE


@pytest.mark.parametrize(("seconds", "avoid"), [(1, "first"), (31, None)])
def test_a_models_greatest_length_is_no_reason_to_avoid_it(seconds: int, avoid: str | None) -> None:
    """A provider that ends a long session unasked goes on with it; else another one does."""
    session = Session(TIMING, 0.0)
    session.receive_text(start(), 0.0)
    session.opened(replace(terms(), avoid="first"), 0.0)
    for _ in range(10 * seconds):
        session.receive_audio(bytes(FRAME_BYTES), 0.0)
        session.handed_over(FRAME_BYTES, 0.0)
    taken(session)
    session.provider_event(TranscriptDone("words"), 0.1)
    _, error = told(taken(session))
    assert isinstance(error, Error)
    assert (error.code, error.avoid) == (ErrorCode.PROVIDER_UNAVAILABLE, avoid)
    assert error.retry_after == (0.0 if avoid else None)


def test_the_final_is_what_the_provider_says_at_last() -> None:
    """The provider's own whole text and language are the final's; else what was told so far."""
    for whole, text in (("A, b.", "A, b."), ("", "a b")):
        session = in_state("live")
        session.provider_event(TextDelta("a b"), 0.1)
        session.receive_text(STOP, 0.2)
        session.provider_event(TranscriptDone(whole, language="en"), 0.3)
        delta, end, final, close = taken(session)
        assert (end, close) == (EndAudio(), Close(1000))
        assert told([delta, final])[1] == Final(
            text=text,
            status="complete",
            language="en",
            model="model",
            audio_seconds=0,
            session_id=SESSION_ID,
        )


@pytest.mark.parametrize("state", STATES)
def test_an_error_ends_every_state(state: State) -> None:
    """An error ends a session in any state: after `ready` with a partial final, before without."""
    session = in_state(state)
    session.fail(ProviderRejected("no"), 1.0)
    final, code = failed(session)
    assert code is ErrorCode.PROVIDER_REJECTED
    assert (final is not None) is (state in {"live", "ending"})
    assert final is None or (final.status, final.reason) == ("partial", code)
    assert session.close_code == 4502


@pytest.mark.parametrize("state", STATES)
def test_a_lost_client_is_told_nothing(state: State) -> None:
    """When the client is gone, only the end is asked for."""
    session = in_state(state)
    session.gone(1.0)
    assert taken(session) == [Close(1000)]
    assert session.close_code is None
    assert session.status == ("abandoned" if state in {"live", "ending"} else "refused")


def test_after_the_end_nothing_happens() -> None:
    """Whatever comes after the end changes nothing."""
    session = in_state("closed")
    session.receive_text(start(), 1.0)
    session.receive_text("garbage", 1.0)
    assert session.receive_audio(bytes(2), 1.0) == b""
    session.opened(terms(), 1.0)
    session.provider_event(TextDelta("x"), 1.0)
    session.provider_event(TranscriptDone("x"), 1.0)
    session.fail(InternalError(), 1.0)
    session.finish(ProviderUnavailable(), 1.0)
    session.replaced(1.0)
    session.drain(1.0, 1.0)
    session.gone(1.0)
    session.pong(1.0)
    session.tick(1000.0)
    assert taken(session) == []


@pytest.mark.parametrize("state", ["waiting", "opening"])
def test_audio_has_to_wait_for_ready(state: State) -> None:
    """A frame before `ready` is refused; an empty one is passed over."""
    session = in_state(state)
    assert session.receive_audio(b"", 0.5) == b""
    assert taken(session) == []
    assert session.receive_audio(bytes(2), 0.5) == b""
    assert failed(session) == (None, ErrorCode.INVALID_MESSAGE)


def test_a_file_is_no_audio_of_the_socket() -> None:
    """A first frame that begins as a file does ends the session, and none of it is handed on."""
    session = live()
    assert session.receive_audio(b"OggS\0\x02" + bytes(3194), 0.1) == b""
    assert failed(session)[1] is ErrorCode.UNSUPPORTED_AUDIO
    assert session.received == 0
    later = live()
    assert later.receive_audio(bytes(3200), 0.1) == bytes(3200)
    assert later.receive_audio(b"OggS\0\x02" + bytes(3194), 0.2) != b""


def test_stop_is_no_start() -> None:
    """The first message must be `start`."""
    session = in_state("waiting")
    session.receive_text(STOP, 0.5)
    assert failed(session) == (None, ErrorCode.INVALID_MESSAGE)


@pytest.mark.parametrize("state", ["opening", "live", "ending"])
def test_there_is_one_start(state: State) -> None:
    """A second `start` is refused in every state."""
    session = in_state(state)
    session.receive_text(start(), 0.5)
    assert failed(session)[1] is ErrorCode.INVALID_MESSAGE


def test_a_provider_that_never_finishes() -> None:
    """After the end of the audio the provider has its limit; then the final is partial."""
    session = live()
    session.provider_event(TextDelta("so far"), 0.5)
    session.receive_text(STOP, 1.0)
    session.tick(10.9)
    assert [one for one in taken(session) if isinstance(one, Close)] == []
    session.tick(11.0)
    final, code = failed(session)
    assert final is not None
    assert (final.text, code) == ("so far", ErrorCode.PROVIDER_UNAVAILABLE)


def test_a_provider_that_ends_by_itself() -> None:
    """A provider that is done before the client is, has failed; its last words are kept."""
    session = live()
    session.provider_event(TranscriptDone("early words"), 0.5)
    final, code = failed(session)
    assert final is not None
    assert (final.text, code) == ("early words", ErrorCode.PROVIDER_UNAVAILABLE)


@pytest.mark.parametrize("provider_answers", [True, False])
def test_draining_has_a_deadline(provider_answers: bool) -> None:
    """At the deadline the provider may say its last words; it ends with `draining` either way."""
    session = live()
    session.drain(20.0, 100.0)
    assert told(taken(session)) == [Notice(code="draining", deadline_ms=20_000)]
    hear(session, FRAME_BYTES, 110.0)
    session.drain(20.0, 115.0)
    session.tick(119.9)
    assert not [one for one in told(taken(session)) if isinstance(one, Notice)]
    session.tick(120.0)
    assert taken(session) == [EndAudio()]
    if provider_answers:
        session.provider_event(TranscriptDone("last words"), 121.0)
    else:
        session.tick(130.0)
    final, code = failed(session)
    assert code is ErrorCode.DRAINING
    assert final is not None
    assert final.text == ("last words" if provider_answers else "")


@pytest.mark.parametrize("state", ["waiting", "opening"])
def test_draining_sends_away_who_is_not_in(state: State) -> None:
    """Who is not let in yet need not wait for the deadline."""
    session = in_state(state)
    session.drain(20.0, 1.0)
    assert failed(session) == (None, ErrorCode.DRAINING)


def test_silence_is_not_idleness() -> None:
    """Frames of silence keep a session alive; 30 s without a frame end it, in peace."""
    session = live()
    for second in range(60):
        hear(session, BYTES_PER_SECOND, float(second))
        session.pong(float(second))
        session.tick(float(second))
    taken(session)
    for second in range(60, 89):
        session.pong(float(second))
        session.tick(float(second))
    assert taken(session) == []
    session.tick(89.0)
    assert taken(session) == [EndAudio()]
    session.provider_event(TranscriptDone(""), 90.0)
    assert failed(session)[1] is ErrorCode.IDLE_TIMEOUT


def test_a_quiet_client_is_asked_once_and_has_to_answer() -> None:
    """After 15 s of quiet one ping goes out; 10 s without its pong end the session."""
    session = live()
    session.tick(14.9)
    assert taken(session) == []
    session.tick(15.0)
    session.tick(20.0)
    assert taken(session) == [Ping()]
    session.tick(25.0)
    assert failed(session)[1] is ErrorCode.IDLE_TIMEOUT


def test_a_pong_is_a_sign_of_life() -> None:
    """A client that answers or speaks is asked again only after another 15 s of quiet."""
    session = live()
    session.tick(15.0)
    session.pong(16.0)
    hear(session, FRAME_BYTES, 20.0)
    assert Ping() in taken(session)
    session.tick(34.9)
    assert Ping() not in taken(session)
    session.tick(35.0)
    session.pong(36.0)
    session.tick(46.0)
    assert taken(session) == [Ping()]


def test_a_resumed_backlog_may_be_faster() -> None:
    """A session that resumes is taken at 4× real time, any other at 2×."""
    for session, wait in ((live(), 0.5), (live(resumes=RESUMES), 0.25)):
        for _ in range(2):
            assert hear(session, BYTES_PER_SECOND, 0.0) == 0
        assert hear(session, BYTES_PER_SECOND, 0.0) == wait


HURRIED = replace(TIMING, slack=60.0)


def test_no_session_outlasts_its_wall_clock() -> None:
    """1.5 times its granted seconds and the slack after `ready`, a session ends, whatever came."""
    session = live(max_seconds=100.0, timing=HURRIED)
    last = 1.5 * 100 + HURRIED.slack
    for second in range(int(last)):
        hear(session, FRAME_BYTES * 4, float(second))
        session.tick(float(second))
    taken(session)
    assert session.state is states.State.LIVE
    session.tick(last)
    assert taken(session) == [EndAudio()]
    assert session.reason == "max_duration"


def test_audio_must_come_at_a_least_rate() -> None:
    """Audio that takes three times its length and the slack to come ends the session in words."""
    session = live(timing=HURRIED)
    for second in range(60):
        session.receive_audio(bytes(2), float(second))
        session.handed_over(2, float(second))
        session.tick(float(second))
    assert taken(session)[-1:] != [EndAudio()]
    session.tick(60.1)
    assert taken(session) == [EndAudio()]
    session.provider_event(TranscriptDone("a word"), 60.2)
    final, code = failed(session)
    assert code is ErrorCode.IDLE_TIMEOUT
    assert final is not None
    assert final.text == "a word"


def test_speech_with_pauses_is_no_trickle() -> None:
    """A speaker who is silent for two thirds of the time, up to the idle limit, is let finish."""
    session = live(timing=HURRIED)
    now = 0.0
    while now < 300:
        for _ in range(100):
            now += 0.1
            hear(session, FRAME_BYTES, now)
        for _ in range(39):
            now += 0.5
            session.pong(now)
            session.tick(now)
        assert session.state is states.State.LIVE
