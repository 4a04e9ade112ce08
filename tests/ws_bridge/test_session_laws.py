"""The session's laws, under any order of events."""

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared_schema.audio import milliseconds, seconds, whole_samples
from shared_schema.base import Outbound
from shared_schema.errors import ERRORS
from shared_schema.server_messages import Ack, Delta, Error, Final, Ready
from tests.ws_bridge.machine import RESUMES, STOP, TIMING, start, taken, terms, told
from transcription.errors import InternalError, ProviderUnavailable
from transcription.providers.base import LanguageDetected, Segment, TextDelta, TranscriptDone, Turn
from ws_bridge.effects import Close, Effect, EndAudio, Open
from ws_bridge.session import Session, State

GRANTS = st.sampled_from([0.1, 0.15, 3.0, 29.0, 300.0])
ENDS = ("early done", "provider fails", "bug", "successor comes", "garbage", "client is gone")
SIZES = st.sampled_from([0, 2, 1600, 3200, 3200, 32_000, 65_536, 65_538, 1])


class Laws(RuleBasedStateMachine):
    """A session that anything may happen to, in any order that its neighbours could cause."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.session = Session(TIMING, self.now)
        self.effects: list[Effect] = []
        self.granted = 0
        self.taken_in = 0
        self.on_its_way = 0
        self.done_text: str | None = None
        self.lost = False

    # What may happen.

    @initialize(stages=st.sampled_from([0, 1, 2, 2, 2]), grant=GRANTS, resumes=st.booleans())
    def begin(self, stages: int, grant: float, resumes: bool) -> None:
        """Most runs are about sessions that were let in."""
        if stages > 0:
            fields = {"resumes": RESUMES} if resumes else {}
            self.session.receive_text(start(diarize=resumes, **fields), self.now)
        if stages > 1:
            self.let_in(grant)

    @rule(time=st.sampled_from([0.0, 0.1, 0.5, 2.0, 6.0, 16.0, 40.0]))
    def time_passes(self, time: float) -> None:
        """The clock ticks about twice a second; it may be late."""
        self.now += time
        self.session.tick(self.now)

    @precondition(lambda self: not self.on_its_way)
    @rule(text=st.sampled_from([start(), STOP]))
    def client_writes(self, text: str) -> None:
        """A text message is read when no frame is being handed over."""
        self.session.receive_text(text, self.now)

    @precondition(lambda self: not self.on_its_way)
    @rule(size=SIZES)
    def client_speaks(self, size: int) -> None:
        """So is a frame."""
        was_live = self.session.state is State.LIVE
        frame = self.session.receive_audio(bytes(size), self.now)
        assert was_live or not frame
        self.on_its_way = len(frame)
        self.taken_in += len(frame)

    @precondition(lambda self: self.on_its_way)
    @rule()
    def provider_takes(self) -> None:
        """The frame has been handed over."""
        wait = self.session.handed_over(self.on_its_way, self.now)
        assert 0 <= wait < 10
        self.on_its_way = 0

    @rule()
    def client_answers_a_ping(self) -> None:
        """A pong comes."""
        self.session.pong(self.now)

    @precondition(lambda self: self.session.state is State.OPENING)
    @rule(grant=GRANTS)
    def let_in(self, grant: float) -> None:
        """Admission has finished."""
        self.session.opened(terms(grant), self.now)
        self.granted = whole_samples(grant)

    @rule(share=st.sampled_from([0.0, 0.5, 1.0]))
    def grant_is_cut(self, share: float) -> None:
        """The ledger gives no more than it gave before."""
        if self.granted:
            left = share * seconds(self.granted)
            self.granted = max(whole_samples(left), self.taken_in)
            self.session.regrant(left)

    @rule(text=st.sampled_from(["", "a", " b"]))
    def provider_says(self, text: str) -> None:
        """A delta comes."""
        self.session.provider_event(TextDelta(text), self.now)
        self.session.provider_event(LanguageDetected("en"), self.now)

    @rule()
    def provider_says_more_beside(self) -> None:
        """Who spoke, and a turn, come where they were asked for or not."""
        self.session.provider_event(Segment("a", 0.0, 0.5, "speaker_1"), self.now)
        self.session.provider_event(Turn("end", 0.5), self.now)

    @rule(text=st.sampled_from(["", "all of it"]))
    @precondition(lambda self: self.session.state is not State.LIVE)
    def provider_is_done(self, text: str) -> None:
        """The provider has finished."""
        self._done(text)

    @rule(deadline=st.sampled_from([0.0, 1.0, 30.0]))
    def bridge_drains(self, deadline: float) -> None:
        """SIGTERM."""
        self.session.drain(deadline, self.now)

    @precondition(lambda self: not self.on_its_way)
    @rule(how=st.sampled_from(ENDS))
    def something_ends_it(self, how: str) -> None:
        """One rule for all that ends a session at once, so that most runs come further."""
        match how:
            case "early done":
                self._done("unasked")
            case "provider fails":
                self.session.fail(ProviderUnavailable(), self.now)
            case "bug":
                self.session.fail(InternalError(), self.now)
            case "successor comes":
                self.session.replaced(self.now)
            case "garbage":
                self.session.receive_text("garbage", self.now)
            case "client is gone":
                self.lost = self.lost or self.session.state is not State.CLOSED
                self.session.gone(self.now)

    # What must hold.

    @invariant()
    def there_is_one_end(self) -> None:
        """A session that is closed asked for one close, and for nothing after it."""
        effects = self._effects()
        closes = [place for place, one in enumerate(effects) if isinstance(one, Close)]
        if self.session.state is State.CLOSED:
            assert closes == [len(effects) - 1]
        else:
            assert closes == []

    @invariant()
    def the_stop_contract_holds(self) -> None:
        """After `ready` exactly one `final` comes before the close, unless the socket is lost."""
        messages = self._messages()
        ready = _count(messages, Ready)
        closed = self.session.state is State.CLOSED
        assert ready <= 1
        assert _count(messages, Final) == int(bool(ready) and closed and not self.lost)
        if messages and ready:
            assert isinstance(messages[0], Ready)

    @invariant()
    def an_error_is_the_last_word(self) -> None:
        """An error comes once, last, behind a partial final that says why; else all is complete."""
        messages = self._messages()
        finals = [one for one in messages if isinstance(one, Final)]
        errors = [one for one in messages if isinstance(one, Error)]
        if errors:
            assert messages[-1:] == errors
            assert self._close().code == ERRORS[errors[0].code].close
            assert [one.status for one in finals] == ["partial"] * len(finals)
            assert [one.reason for one in finals] == [errors[0].code] * len(finals)
            assert messages[-2:-1] == finals
        elif finals:
            assert messages[-1:] == finals
            assert finals[0].status == "complete"
            assert self._close().code == 1000

    @invariant()
    def no_word_is_lost(self) -> None:
        """The final holds every delta, or what the provider said at last in their place."""
        messages = self._messages()
        deltas = "".join(one.text for one in messages if isinstance(one, Delta))
        for final in messages:
            if isinstance(final, Final):
                assert final.text == (self.done_text or deltas)

    @invariant()
    def the_grant_is_kept(self) -> None:
        """No more audio is taken in than granted, and none acknowledged that was not taken."""
        assert self.taken_in == self.session.received <= self.granted
        told_so_far = [one.audio_ms for one in self._messages() if isinstance(one, Ack)]
        assert told_so_far == sorted(told_so_far)
        assert all(one <= milliseconds(self.session.handed) for one in told_so_far)

    @invariant()
    def each_neighbour_is_asked_once(self) -> None:
        """Admission is asked for once at most, and so is the end of the audio, once it was open."""
        effects = self._effects()
        assert _count(effects, Open) <= 1
        assert _count(effects, EndAudio) <= _count(told(effects), Ready)

    def _done(self, text: str) -> None:
        if self.session.state in {State.LIVE, State.ENDING}:
            self.done_text = text
        self.session.provider_event(TranscriptDone(text), self.now)

    def teardown(self) -> None:
        """Left alone, a session that was begun or not comes to its end by the clock."""
        if self.session.state is State.OPENING:
            self.session.fail(ProviderUnavailable(), self.now)
        for _ in range(4):
            self.now += 60
            self.session.tick(self.now)
        assert self.session.state is State.CLOSED
        self.there_is_one_end()
        self.the_stop_contract_holds()
        self.an_error_is_the_last_word()
        self.no_word_is_lost()

    def _effects(self) -> list[Effect]:
        self.effects += taken(self.session)
        return self.effects

    def _messages(self) -> list[Outbound]:
        return told(self._effects())

    def _close(self) -> Close:
        (close,) = (one for one in self._effects() if isinstance(one, Close))
        return close


def _count(items: Sequence[object], kind: type[object]) -> int:
    return sum(isinstance(one, kind) for one in items)


def test_the_laws_of_a_session() -> None:
    """Whatever happens in whatever order, the laws above hold."""
    run_state_machine_as_test(
        Laws, settings=settings(max_examples=150, stateful_step_count=25, deadline=None)
    )
