"""Laws of the laws: each is silent about what is well, and names what is not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.fleet import Process
from chaos.fleet.process import Life
from chaos.invariants import Broken, Law, ledger, leftovers, people
from chaos.observations import Hopping, Line, Recording, Sent, Voice
from chaos.rest import Rest
from chaos.speech import WORD_FRAMES, Ear, frame, transcript
from shared_schema.errors import ErrorCode
from utter_transcribe.errors import Failure
from utter_transcribe.events import Result

FRAMES = 10 * WORD_FRAMES
USER = "user"


def broken(found: Iterable[Broken]) -> list[Law]:
    """Return which laws are said to be broken."""
    return [one.law for one in found]


def result(**changes: Any) -> Result:
    """Return the result of a recording that went well, with changes."""
    well = Result(
        text=" ".join(transcript(1, FRAMES)),
        status="complete",
        reason=None,
        failure=None,
        language=None,
        model="m",
        audio_seconds=3.0,
        ready_ms=1.0,
        first_delta_ms=1.0,
        deltas=10,
        session_ids=("one",),
    )
    return replace(well, **changes)


def heard(begin: int, end: int, number: int = 1) -> Ear:
    """Return an ear that heard some frames."""
    ear = Ear()
    for at in range(begin, end):
        ear.hear(frame(number, at))
    return ear


def of_recording(recorded: Result | None, *ears: Ear) -> list[Law]:
    """Return which laws a recording breaks."""
    return broken(people.of_recordings([Recording(1, USER, FRAMES, recorded)], ears))


def test_a_recording_is_whole_over_all_its_sessions() -> None:
    """What was heard in parts that overlap, and told in order, is complete."""
    assert of_recording(result(), heard(0, FRAMES)) == []
    assert of_recording(result(), heard(12, FRAMES), heard(0, 20)) == []
    failed = Failure("the provider is away", True, ErrorCode.PROVIDER_UNAVAILABLE)
    assert of_recording(result(status="partial", failure=failed), heard(0, 5)) == []


@pytest.mark.parametrize(
    ("recorded", "ears", "law"),
    [
        (None, [], Law.ENDS),
        (result(status="partial"), [], Law.ENDS),
        (result(), [heard(0, FRAMES - 1)], Law.COMPLETE),
        (result(), [heard(0, 10), heard(11, FRAMES)], Law.COMPLETE),
        (result(reason="max_duration"), [heard(0, FRAMES)], Law.COMPLETE),
        (result(text=" ".join(transcript(1, FRAMES)[1:])), [heard(0, FRAMES)], Law.COMPLETE),
        (result(text=" ".join(transcript(2, FRAMES))), [heard(0, FRAMES)], Law.COMPLETE),
        (result(text=" ".join(transcript(1, FRAMES)[::-1])), [heard(0, FRAMES)], Law.COMPLETE),
    ],
)
def test_a_recording_that_is_not(recorded: Result | None, ears: list[Ear], law: Law) -> None:
    """No end, no reason, a gap, a cut, and words that are missing, foreign or out of order."""
    assert of_recording(recorded, *ears) == [law]


def test_a_torn_session_is_named() -> None:
    """A frame that came twice within a session is no gap, and wrong all the same."""
    ear = heard(0, 10)
    ear.hear(frame(1, 9))
    ear.begin, ear.end = 0, FRAMES * len(frame(1, 0))
    assert of_recording(result(), ear) == [Law.COMPLETE]


def test_a_false_answer_to_a_file_is_named() -> None:
    """Another file's words are no answer."""
    assert broken(people.of_files([Sent("stream", USER, 3001)])) == []
    assert broken(people.of_files([Sent("stream", USER, 3001, wrong="else")])) == [Law.COMPLETE]


@dataclass
class Replica:
    """As much of a process as the laws look at."""

    name: str = "bridge-1"
    port: int = 1
    lives: list[Life] = field(default_factory=list)


def replicas(*lives: Life) -> list[Process]:
    """Return one bridge with these lives."""
    return [cast("Process", Replica(lives=list(lives)))]


Living = Callable[..., Life]


@pytest.fixture
def living(tmp_path: Path) -> Living:
    """Makes lives that wrote something."""

    def make(log: str = "", *, ended: float | None = None, killed: bool = False) -> Life:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.log"
        path.write_text(log)
        return Life(cast("Any", None), path, began=10.0, ended=ended, killed=killed)

    return make


def line(*types: str, **fields: Any) -> Line:
    """Return a socket on which these messages came."""
    well: dict[str, Any] = {
        "key": "k",
        "began": 20.0,
        "ended": 30.0,
        "types": list(types),
        "close_code": 1000,
    }
    return Line("floods", **(well | fields))


@pytest.mark.parametrize(
    "good",
    [
        line("ready", "delta", "ack", "final"),
        line("ready", "final", "error", code="idle_timeout", close_code=4408),
        line("error", code="unauthenticated", close_code=4401),
        line("ready", left=True, close_code=None),
        line(refused=502, close_code=None),
        line(close_code=1009),
    ],
)
def test_a_socket_that_ends_as_the_protocol_says(good: Line, living: Living) -> None:
    """A final, an error with its close code, or a client that went itself."""
    assert broken(people.of_lines([good], {"k": 1}, replicas(living()))) == []


@pytest.mark.parametrize(
    "bad",
    [
        line("ready", "delta", close_code=None),
        line("ready", "final", "final"),
        line("final"),
        line("ready", "final", "delta"),
        line("ready", "error", code="idle_timeout", close_code=4408),
        line("error", code="idle_timeout", close_code=1000),
        line("ready", "final", close_code=1011),
        line(close_code=None),
    ],
)
def test_a_socket_that_does_not(bad: Line, living: Living) -> None:
    """A missing final or word, one too many, the wrong order, the wrong code."""
    assert broken(people.of_lines([bad], {"k": 1}, replicas(living()))) == [Law.ENDS]


def test_a_killed_bridge_says_no_good_bye(living: Living) -> None:
    """Only who was killed while a socket was open is excused, and only for that socket."""
    cut = line("ready", close_code=None)
    at = {"then": 25.0, "before": 15.0}
    lives = {when: living(ended=ended, killed=True) for when, ended in at.items()}
    assert broken(people.of_lines([cut], {"k": 1}, replicas(lives["then"]))) == []
    assert broken(people.of_lines([cut], {"k": 1}, replicas(lives["before"]))) == [Law.ENDS]
    assert broken(people.of_lines([cut], {"k": 2}, replicas(lives["then"]))) == [Law.ENDS]


def row(**changes: Any) -> dict[str, Any]:
    """Return the ledger's row of a session that was settled, with changes."""
    well = {
        "id": "one",
        "user_id": USER,
        "kind": "realtime",
        "status": "complete",
        "opened_at": 20.0,
        "granted_seconds": Decimal(300),
        "told_seconds": Decimal(0),
        "audio_seconds": Decimal(3),
        "charged_seconds": Decimal(3),
    }
    return well | changes


TOLD = (
    '{"event": "transcription", "session_id": "one", "audio_seconds": 3.0,'
    ' "timestamp": "1970-01-01T00:00:25Z"}\n'
)
LEFT = '{"event": "settlements_left_to_their_leases", "count": 1}\n'
NEVER = {"audio_seconds": None, "status": "expired"}


def test_what_a_replica_says_is_what_the_ledger_says(living: Living) -> None:
    """Settled with the same figure; or left, by someone who said so or was killed."""
    assert broken(ledger.of_settlements([row()], replicas(living(TOLD)), {})) == []
    left = replicas(living(TOLD + LEFT, ended=30.0))
    assert broken(ledger.of_settlements([row(**NEVER)], left, {})) == []
    dead = replicas(living(ended=30.0, killed=True))
    assert broken(ledger.of_settlements([row(**NEVER)], dead, {})) == []
    while_it_tried = replicas(living(TOLD, ended=30.0, killed=True))
    assert broken(ledger.of_settlements([row(**NEVER)], while_it_tried, {})) == []


def test_what_was_never_settled_is_named(living: Living) -> None:
    """A session that a replica ended and the ledger knows nothing of, or something else."""
    alive = replicas(living(TOLD))
    assert broken(ledger.of_settlements([row(**NEVER)], alive, {})) == [Law.SETTLED]
    assert broken(ledger.of_settlements([], alive, {})) == [Law.SETTLED]
    assert broken(ledger.of_settlements([row(audio_seconds=Decimal(2))], alive, {})) == [
        Law.CHARGED
    ]
    assert broken(ledger.of_settlements([row(**NEVER)], replicas(living()), {})) == [Law.SETTLED]
    had_time = replicas(living(TOLD, ended=90.0, killed=True))
    assert broken(ledger.of_settlements([row(**NEVER)], had_time, {})) == [Law.SETTLED]
    died_before = replicas(living(ended=15.0, killed=True))
    assert broken(ledger.of_settlements([row(**NEVER)], died_before, {})) == [Law.SETTLED]


def test_a_call_outlives_its_caller(living: Living) -> None:
    """The ledger may open a session for a caller that was killed after it had asked."""
    late = [row(**NEVER, opened_at=20.0)]
    for asked, expected in ((14.9, []), (15.5, []), (16.5, [Law.SETTLED])):
        dead = replicas(living(ended=15.0, killed=True))
        assert broken(ledger.of_settlements(late, dead, {"one": asked})) == expected
        alive = replicas(living(ended=15.0))
        assert broken(ledger.of_settlements(late, alive, {"one": asked})) == [Law.SETTLED]


def test_charges() -> None:
    """What was heard is charged, within the grant, and a file once."""
    recordings, ears = [Recording(1, USER, FRAMES)], [heard(0, FRAMES)]
    file = row(kind="batch", granted_seconds=Decimal("3.001"))
    assert broken(ledger.of_charges([row(), file], recordings, ears)) == []
    cheap = row(charged_seconds=Decimal("2.999"))
    assert broken(ledger.of_charges([cheap], recordings, ears)) == [Law.CHARGED]
    dear = row(charged_seconds=Decimal(301))
    assert broken(ledger.of_charges([dear], recordings, ears)) == [Law.CHARGED]
    assert broken(ledger.of_charges([row(), file, file], recordings, ears)) == [Law.CHARGED]


def test_more_than_the_limit_is_named() -> None:
    """All that was handed over to someone who hops counts, to the sample."""
    hopping = Hopping(2, {1, 2})
    others = heard(0, 50, number=3)
    assert broken(ledger.of_limits([hopping], [heard(0, 10), heard(4, 14, number=2), others])) == []
    over = [heard(0, 10), heard(4, 14, number=2), heard(10, 11)]
    assert broken(ledger.of_limits([hopping], over)) == [Law.LIMIT]


def test_an_open_lease_is_left_over() -> None:
    """After two days nothing may be open."""
    assert broken(ledger.of_leases([row()])) == []
    assert broken(ledger.of_leases([row(status="open")])) == [Law.NOTHING_LEFT]


NEW = Rest("bridge-1", 1, (), 50 * 2**20, files=10, tasks=4, clients=0, upstreams=0, left=())


@pytest.mark.parametrize(
    "now",
    [
        replace(NEW, busy=("utter_sessions_open = 1",)),
        replace(NEW, files=11),
        replace(NEW, tasks=5),
        replace(NEW, clients=1),
        replace(NEW, upstreams=1),
        replace(NEW, left=(4711,)),
    ],
)
def test_what_a_replica_still_holds_is_left_over(now: Rest) -> None:
    """A session, a file, a task, a socket, a process."""
    first = {NEW.name: NEW}
    assert broken(leftovers.of_replicas(first, [NEW], 0, [])) == []
    assert broken(leftovers.of_replicas(first, [now], 0, [])) == [Law.NOTHING_LEFT]


def test_what_is_left_beside_the_replicas() -> None:
    """A session of the provider's, and an upload on disk."""
    found = leftovers.of_replicas({NEW.name: NEW}, [NEW], 1, ["a file"])
    assert broken(found) == [Law.NOTHING_LEFT] * 2


def rounds(*mebibytes: float, lives: tuple[int, ...] = (1, 1, 1)) -> list[list[Rest]]:
    """Return a replica at rest after each round."""
    return [
        [replace(NEW, memory=int(size * 2**20), life=life)]
        for size, life in zip(mebibytes, lives, strict=True)
    ]


def test_memory() -> None:
    """Growth from each round to the next is a trend; a step, noise and a new life are none."""
    assert broken(leftovers.of_memory(rounds(50, 60, 70))) == [Law.MEMORY]
    assert broken(leftovers.of_memory(rounds(50, 60, 60))) == []
    assert broken(leftovers.of_memory(rounds(50, 50.5, 51))) == []
    assert broken(leftovers.of_memory(rounds(50, 60, 70, lives=(1, 1, 2)))) == []


STORED = {"id": "v", "user_id": USER, "status": "ready", "storage_path": "p"}
VOICE = Voice("v", USER, "digest")


@pytest.mark.parametrize(
    ("rows", "objects", "blobs", "voices", "law"),
    [
        ([STORED], ["p"], 1, [VOICE], None),
        ([], [], 0, [replace(VOICE, deleted=True)], None),
        ([STORED], ["p"], 1, [replace(VOICE, deleted=True, surely=False)], None),
        ([STORED | {"status": "pending"}], ["p"], 1, [VOICE], Law.NOTHING_LEFT),
        ([STORED], ["p", "orphan"], 2, [VOICE], Law.NOTHING_LEFT),
        ([STORED], ["p"], 2, [VOICE], Law.NOTHING_LEFT),
        ([STORED], [], 0, [VOICE], Law.COMPLETE),
        ([], [], 0, [VOICE], Law.COMPLETE),
        ([STORED], ["p"], 1, [replace(VOICE, deleted=True)], Law.COMPLETE),
        ([STORED], ["p"], 1, [], Law.COMPLETE),
    ],
)
def test_objects(
    rows: list[dict[str, Any]], objects: list[str], blobs: int, voices: list[Voice], law: Law | None
) -> None:
    """There are the voices that people know of, their recordings, and nothing else."""
    found = broken(leftovers.of_objects(rows, objects, blobs, voices, []))
    assert found == ([] if law is None else [law])


def test_bugs_in_the_logs_are_named(living: Living) -> None:
    """What a replica calls a bug, and what it wrote that is no log line."""
    assert broken(leftovers.of_logs(replicas(living(TOLD)))) == []
    bug = '{"event": "internal_error"}\n'
    assert broken(leftovers.of_logs(replicas(living(bug)))) == [Law.NO_BUGS]
    assert broken(leftovers.of_logs(replicas(living("Traceback\n  more\n")))) == [Law.NO_BUGS]
