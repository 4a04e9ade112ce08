"""Laws of the decisions, with a clock and a service of their own."""

import math
import uuid
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_schema.audio import FRAME_BYTES, milliseconds
from shared_schema.errors import ErrorCode
from shared_schema.server_messages import Ack, Delta, Error, Final, LiveSegment, Notice, Ready, Turn
from tests.doubles.numbered_audio import frame, numbers
from utter_transcribe.effects import Leave, Open, Tell
from utter_transcribe.errors import Failure
from utter_transcribe.events import Event, Finished, SpeakerHeard, TurnHeard
from utter_transcribe.link import Link, Patience
from utter_transcribe.session import STOP, Session

REWIND_MS = 1000
LOST = Failure("gone", retryable=True)
DEAF = Failure("deaf", retryable=True, code=ErrorCode.PROVIDER_UNAVAILABLE)


@dataclass
class World:
    """A session, its sockets and the time; every method is something that can happen."""

    session: Session = field(default_factory=lambda: Session(jitter=lambda: 1.0))
    now: float = 0.0
    opened: list[Link] = field(default_factory=list)
    left: list[Link] = field(default_factory=list)
    heard: dict[Link, bytearray] = field(default_factory=dict)
    acked: dict[Link, int] = field(default_factory=dict)
    stopped: list[Link] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    recorded: int = 0

    def settle(self) -> None:
        """Do what the session asks for."""
        for effect in self.session.effects():
            match effect:
                case Open(link):
                    self.opened.append(link)
                case Leave(link):
                    self.left.append(link)
                case Tell(event):
                    self.events.append(event)

    @property
    def up(self) -> list[Link]:
        """Links whose socket is there."""
        return [link for link in self.opened if link not in self.left]

    def record(self) -> None:
        """Another 100 ms."""
        self.session.feed(frame(self.recorded), self.now)
        self.recorded += 1

    def wait(self) -> None:
        """Let the time come when something is due."""
        if self.session.deadline() < math.inf:
            self.now = max(self.now, self.session.deadline())
        self.session.tick(self.now)

    def open(self) -> None:
        """Let the newest socket become a session."""
        link = self.opened[-1] if self.opened else None
        if link in self.up and link not in self.heard:
            assert link
            self.session.start_message(link)
            self.heard[link] = bytearray()
            self.acked[link] = 0
            ready = Ready(
                session_id=str(uuid.uuid4()),
                model="m",
                max_seconds=300,
                resume_rewind_ms=REWIND_MS,
            )
            self.session.received(link, ready, self.now)

    def send(self, messages: int) -> None:
        """Let every socket take some messages."""
        for link in self.up:
            for _ in range(messages):
                message = self.session.next_message(link, self.now)
                if isinstance(message, bytes):
                    assert link not in self.stopped
                    self.heard[link] += message
                elif message:
                    assert message == STOP
                    self.stopped.append(link)

    def ack(self) -> None:
        """Let the service tell how far it got."""
        for link in self.up:
            if link in self.heard:
                self.acked[link] = len(self.heard[link])
                audio_ms = milliseconds(self.acked[link])
                self.session.received(link, Ack(audio_ms=audio_ms), self.now)

    def lose(self) -> None:
        """Cut the oldest socket."""
        if self.up:
            self.session.lost(self.up[0], LOST, self.now)

    def drain(self) -> None:
        """Let every session be told that its server goes away."""
        for link in self.up:
            self.session.received(link, Notice(code="draining", deadline_ms=1000), self.now)

    def end(self) -> None:
        """End the recording."""
        self.session.end(self.now)


def begun() -> World:
    """Return a world whose first socket is up."""
    world = World()
    world.session.begin(world.now)
    world.settle()
    return world


happening = st.sampled_from(["record", "wait", "open", "send", "ack", "lose", "drain"])


@given(st.lists(happening, max_size=80))
@settings(max_examples=300)
def test_nothing_is_lost_whatever_happens(happenings: list[str]) -> None:
    """However links come and go, the audio that was acked has no gap and reaches the end."""
    world = World(Session(patience=Patience(tries=10_000, finish=math.inf), jitter=lambda: 1.0))
    world.session.begin(world.now)
    world.settle()
    for happened in happenings:
        if happened == "send":
            world.send(3)
        else:
            getattr(world, happened)()
        world.settle()
    world.end()
    for _ in range(20):  # and now all goes well
        world.settle()
        if world.stopped and world.stopped[-1] in world.up:
            break
        world.wait()
        world.settle()
        world.open()
        world.settle()
        world.send(1000)
    starts = [link.begin for link in world.heard]
    assert starts == sorted(starts)
    handed = 0
    for link, pcm in world.heard.items():
        assert link.begin <= handed, "a gap"
        assert numbers(pcm) == list(range(link.begin // FRAME_BYTES, link.sent // FRAME_BYTES))
        handed = max(handed, link.begin + world.acked[link])
    assert world.stopped[-1].sent == len(world.session.recording)
    assert len(world.up) <= 2


def test_two_losses_in_a_row_rewind_once() -> None:
    """A successor that dies before its first ack moves the point of return by nothing."""
    world = begun()
    world.open()
    for _ in range(50):
        world.record()
    world.send(50)
    world.ack()
    for _ in range(3):
        world.lose()
        world.settle()
        world.wait()
        world.settle()
        world.open()
        world.send(2)
    assert [link.begin // FRAME_BYTES for link in world.heard] == [0, 40, 40, 40]


def test_a_backlog_counts_as_heard_at_twice_real_time() -> None:
    """A successor that dies while it catches up is followed from where it surely had heard."""
    world = begun()
    world.open()
    for _ in range(100):
        world.record()
    world.send(20)
    world.ack()  # two seconds of ten
    world.lose()
    world.settle()
    world.wait()
    world.settle()
    world.open()
    world.now += 1.5
    world.send(100)
    world.ack()  # nine seconds in one and a half: three were surely heard
    world.lose()
    world.settle()
    world.wait()
    world.settle()
    world.open()
    assert [link.begin // FRAME_BYTES for link in world.heard] == [0, 10, 30]


@pytest.mark.parametrize(
    ("failure", "begin"), [(LOST, 110), (DEAF, 10), (replace(DEAF, code=None), 110)]
)
def test_a_deaf_provider_is_followed_from_its_last_words(failure: Failure, begin: int) -> None:
    """Audio that a failed provider took without a word is heard again, with what came before."""
    world = begun()
    world.open()
    for _ in range(120):
        world.record()
    world.send(20)
    world.ack()
    world.session.received(world.opened[0], Delta(text="words"), world.now)
    world.send(100)
    world.ack()
    world.session.lost(world.opened[0], failure, world.now)
    world.settle()
    world.wait()
    world.settle()
    world.open()
    assert [link.begin // FRAME_BYTES for link in world.heard] == [0, begin]


def test_a_long_silence_is_not_heard_again() -> None:
    """Where nobody spoke for minutes before a provider failed, the last minute is enough."""
    world = begun()
    world.open()
    for _ in range(1000):
        world.record()
    for _ in range(10):
        world.send(100)
        world.ack()
    for _ in range(2):
        world.session.lost(world.opened[-1], DEAF, world.now)
        world.settle()
        world.wait()
        world.settle()
        world.open()
    assert [link.begin // FRAME_BYTES for link in world.heard] == [0, 390, 390]


def test_waits_double_up_to_eight_seconds() -> None:
    """Without jitter the waits are 0.5, 1, 2, 4, 8 and 8 seconds, and then it is over."""
    world = begun()
    waits = []
    while world.session.result is None:
        world.lose()
        world.settle()
        if world.session.result is None:
            waits.append(world.session.deadline() - world.now)
            world.wait()
            world.settle()
    assert waits == [0.5, 1, 2, 4, 8, 8]
    assert world.session.result.failure == LOST
    assert world.session.deadline() == math.inf
    assert isinstance(world.events[-1], Finished)


def test_expired_tokens_between_losses_end_too() -> None:
    """A service that alternates between two faults is not tried for ever."""
    world = begun()
    expired = Error(message="old", code=ErrorCode.TOKEN_EXPIRED, retryable=False)
    while world.session.result is None:
        newest = world.opened[-1]
        if newest.fresh_token:
            world.lose()
        else:
            world.session.received(newest, expired, world.now)
        world.settle()
        world.wait()
        world.settle()
    assert len(world.opened) == 7


def test_a_session_that_dies_at_the_same_place_is_given_up() -> None:
    """Sessions that open and die without any new audio are failed tries."""
    world = begun()
    for _ in range(30):
        world.record()
    sessions = 0
    while world.session.result is None:
        world.open()
        world.send(100)
        world.ack()
        sessions += 1
        world.lose()
        world.settle()
        world.wait()
        world.settle()
    assert sessions == 7


def test_no_ack_for_five_seconds_is_half_open() -> None:
    """A link whose audio is not acked is left five seconds after it fell behind."""
    world = begun()
    world.open()
    for _ in range(9):
        world.record()
    world.send(8)  # 800 ms may wait for their ack
    assert world.session.deadline() == math.inf
    world.now = 3.0
    world.send(1)
    assert world.session.deadline() == 8.0
    world.now = 8.0
    world.session.tick(world.now)
    world.settle()
    assert world.left == world.opened


def test_a_draining_session_that_is_stopped_needs_no_successor() -> None:
    """When the audio ends before the successor is asked for, the old session ends it."""
    world = begun()
    world.open()
    world.record()
    world.drain()
    world.settle()
    assert len(world.up) == 2
    world.end()
    world.settle()
    assert world.up == world.opened[:1]
    world.send(10)
    assert world.stopped == world.opened[:1]


def test_a_successor_is_not_wanted_twice() -> None:
    """A notice that is repeated opens one successor."""
    world = begun()
    world.open()
    for _ in range(3):
        world.drain()
        world.settle()
    assert len(world.opened) == 2


def test_a_refused_successor_leaves_the_session_alone() -> None:
    """What refuses the successor for good does not end the session that still runs."""
    world = begun()
    world.open()
    world.drain()
    world.settle()
    refused = Error(message="no", code=ErrorCode.QUOTA_EXCEEDED, retryable=False)
    world.session.received(world.opened[1], refused, world.now)
    world.settle()
    assert world.session.result is None
    assert world.up == world.opened[:1]
    world.end()
    world.send(10)
    final = Final(
        text="done", status="complete", model="m", audio_seconds=0, session_id=str(uuid.uuid4())
    )
    world.session.received(world.opened[0], final, world.now)
    assert world.session.result
    assert world.session.result.text == "done"


def test_what_a_link_says_after_it_was_left_counts_nothing() -> None:
    """Messages and losses of a link that is gone change nothing."""
    world = begun()
    world.open()
    gone = world.opened[0]
    world.lose()
    world.settle()
    before = world.session.deadline()
    final = Final(
        text="late", status="complete", model="m", audio_seconds=0, session_id=str(uuid.uuid4())
    )
    world.session.received(gone, final, world.now)
    world.session.lost(gone, LOST, world.now)
    assert world.session.result is None
    assert world.session.deadline() == before


def test_what_goes_beside_the_text_is_timed_by_the_recording() -> None:
    """When a speaker spoke and a turn ended is told in seconds of the recording, also resumed."""
    world = begun()
    world.open()
    world.settle()
    for resumed_at in (0.0, 2.0):
        link = world.up[-1]
        segment = LiveSegment(text="a", start=0.5, end=1.0, speaker="ann")
        bare = LiveSegment(text="b", score=0.5), Turn(event="end", end_reason="silence")
        for message in (segment, Turn(event="end", at=1.25), *bare):
            world.session.received(link, message, world.now)
        world.settle()
        assert world.events[-4:] == [
            SpeakerHeard("a", resumed_at + 0.5, resumed_at + 1.0, "ann"),
            TurnHeard("end", resumed_at + 1.25),
            SpeakerHeard("b", None, None, None, 0.5),
            TurnHeard("end", None, "silence"),
        ]
        for _ in range(30):
            world.record()
        world.send(30)
        world.ack()  # three seconds were taken: a resume goes back one, to the second
        world.lose()
        world.wait()
        world.settle()
        world.open()
        world.settle()
