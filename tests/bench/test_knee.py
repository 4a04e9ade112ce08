"""The search for the knee finds it, says what it rests on, and draws what it found."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.knee import __main__ as command
from bench.knee import measure, picture, summary, tables
from bench.knee.plan import FULL, QUICK, Knee, Plan, Trial, search
from bench.knee.summary import Point
from bench.load.hold import due
from tests.bench.test_summary import BASE

SMALL = Plan(climb=(4,), climb_seconds=1.0, halvings=0, hold_seconds=1.5, holds=1)


def point(sessions: int, seconds: float = 6.0, *, cost: float = 60.0, p99: float = 4.0) -> Point:
    """Return what was held, or was not for its latency."""
    bridges = replace(BASE, sessions=sessions, cpu_us_per_frame=cost, p99_ms=p99)
    return Point(seconds, bridges, replace(BASE, sessions=sessions, variant="direct", p99_ms=1.0))


async def walk(plan: Plan, holds: Callable[[Trial], bool]) -> tuple[Knee, list[Trial]]:
    """Search where `holds` is the machine; return the knee and what was tried."""
    tried: list[Trial] = []

    async def attempt(trial: Trial) -> Point | None:
        tried.append(trial)
        return point(trial.sessions, p99=4.0 if holds(trial) else 400.0)

    knee, _ = await measure.climb(plan, attempt)
    return knee, tried


@pytest.mark.parametrize("limit", [60, 290, 730, 1790])
async def test_the_knee_is_found(limit: int) -> None:
    """What the search calls the knee was held for the whole time, and little more is too much."""
    knee, tried = await walk(FULL, lambda trial: trial.sessions <= limit)
    assert Trial(knee.sessions, FULL.hold_seconds) == tried[-1]
    assert knee.too_many is not None
    assert knee.sessions <= limit < knee.too_many
    assert knee.too_many - knee.sessions <= 100


async def test_a_minute_decides() -> None:
    """What is held for moments and not for a minute is no knee: less is tried, so many times."""
    knee, tried = await walk(
        FULL, lambda trial: trial.sessions <= (700 if trial.seconds < FULL.hold_seconds else 640)
    )
    assert [trial.sessions for trial in tried if trial.seconds == FULL.hold_seconds] == [700, 630]
    assert knee == Knee(630, 700)
    knee, tried = await walk(FULL, lambda trial: trial.seconds < FULL.hold_seconds)
    assert len([trial for trial in tried if trial.seconds == FULL.hold_seconds]) == FULL.holds
    assert knee.sessions == 0


@pytest.mark.parametrize(("others", "knee"), [(0.5, Knee(500, 600)), (0.0, Knee(160, 200))])
async def test_a_hiccup_of_the_machine_is_no_knee(others: float, knee: Knee) -> None:
    """What fails while others use the machine gets another turn, and nothing else does."""
    tried: list[int] = []

    async def attempt(trial: Trial) -> Point | None:
        tried.append(trial.sessions)
        held = trial.sessions <= 500 and (trial.sessions != 200 or tried.count(200) > 1)
        found = point(trial.sessions, p99=4.0 if held else 400.0)
        return replace(found, bridges=replace(found.bridges, others_cpu=others))

    assert (await measure.climb(FULL, attempt))[0] == knee


async def test_a_climb_without_an_end_says_so() -> None:
    """Where nothing tried was too much, the knee is only the greatest that was tried."""
    knee, _ = await walk(FULL, lambda _: True)
    assert knee == Knee(FULL.climb[-1], None)
    assert "may be higher" in tables.verdict(knee, [point(FULL.climb[-1], 60.0)], 2)


async def test_what_cannot_be_measured_is_not_held() -> None:
    """A bridge that does not even start leaves no knee, and the search ends."""

    async def attempt(_: Trial) -> Point | None:
        return None

    knee, points = await measure.climb(FULL, attempt)
    assert (knee.sessions, points) == (0, [])
    assert "none of these" in tables.verdict(knee, points, 2)


@pytest.mark.parametrize(
    "fault",
    [
        {"lost_frames": 1.0},
        {"missing_deltas": 1},
        {"missing_finals": 1},
        {"unsettled": 1},
        {"faults": {"closed 1006": 1}},
        {"p99_ms": 51.0},
    ],
)
def test_any_loss_is_too_much(fault: dict[str, object]) -> None:
    """A frame, a word, a final, a settlement or the time that is lost: none of them is held."""
    good = point(100)
    bad = replace(good, bridges=replace(good.bridges, **fault))  # type: ignore[arg-type]
    assert good.held
    assert not bad.held
    assert summary.curve([good, replace(bad, seconds=60.0)]) == [good]


def test_a_busy_machine_is_no_excuse() -> None:
    """Where even the provider alone is late, nothing can be said of the bridges: it is not held."""
    good = point(100)
    busy = replace(good, direct=replace(good.direct, p99_ms=400.0))
    assert busy.added_ms[1] < 0
    assert busy.faults == ["too busy to tell: direct's own p99 is 400 ms"]


def test_the_laws_of_the_knee() -> None:
    """The cost of a frame must not grow, nor a session take more memory than it may."""
    points = [point(50), point(200, cost=72.0), point(600, 60.0)]
    growth, memory = summary.targets(points, Knee(600, 700))
    assert (round(growth.measured, 2), growth.kept) == (1.2, False)
    assert (memory.measured, memory.kept) == (50.0, True)
    assert summary.targets([], Knee(0, 50)) == []


def test_where_the_machine_went() -> None:
    """The bridges alone are reckoned with what generator, provider and ledger used beside them."""
    run = replace(BASE, sessions=600, relay_cpu=0.5, load_cpu=0.3, provider_cpu=0.15)
    assert summary.alone(replace(run, ledger_cpu=0.05, others_cpu=0.8)) == 1200
    text = tables.verdict(Knee(600, 700), [Point(60.0, run, BASE)], 2)
    assert "Extrapolated, not measured" in text
    assert "700 were too many" in text


def test_the_picture(tmp_path: Path) -> None:
    """What was held becomes an SVG, the same each time it is drawn."""
    points = [point(50), point(200), point(400, p99=400.0), point(300, 60.0)]
    drawn = []
    for name in ("a.svg", "b.svg"):
        picture.draw(tmp_path / name, points, Knee(300, 400), 2)
        drawn.append((tmp_path / name).read_text())
    assert drawn[0] == drawn[1]
    assert ET.fromstring(drawn[0]).tag.endswith("svg")  # noqa: S314 - ours
    assert not any(line.endswith(" ") for line in drawn[0].splitlines())


def test_the_last_come_in_a_rush() -> None:
    """Sessions are opened at a steady pace, and the last of them within one second."""
    assert due(4, 2.0, 0) == [0.0, 0.5, 1.0, 1.5]
    assert due(4, 2.0, 2) == [0.0, 0.5, 1.0, 1.5]
    assert due(6, 2.0, 4) == [0.0, 0.5, 1.0, 1.25, 1.5, 1.75]
    assert due(2, 2.0, 100) == [0.0, 0.5]


@pytest.mark.parametrize("plan", [FULL, QUICK])
@given(answers=st.lists(st.booleans(), max_size=40))
def test_the_search_is_bounded(plan: Plan, answers: list[bool]) -> None:
    """However a machine behaves, the search asks for so many windows and no more."""
    steps = search(plan)
    # `map` ends where the search does.
    tried = [next(steps), *map(steps.send, chain(answers, repeat(False)))]
    short = [trial for trial in tried if trial.seconds == plan.climb_seconds]
    assert len(short) <= len(plan.climb) + plan.halvings
    assert len(tried) - len(short) <= plan.holds
    assert all(0 < trial.sessions <= plan.climb[-1] for trial in tried)


@pytest.mark.process
@pytest.mark.timeout(180)
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two real bridges hold a few sessions, Postgres a short ramp, and all of it is written."""
    monkeypatch.setattr(command, "QUICK", SMALL)
    monkeypatch.setattr(command, "RAMP_SECONDS", 0.1)
    # How late a busy machine is must not decide.
    monkeypatch.setattr(summary, "ADDED_P99_MS", 60_000.0)
    arguments = ["--quick", "--output", str(tmp_path)]
    result = CliRunner().invoke(command.app, arguments)
    written = json.loads((tmp_path / "knee.json").read_text())
    assert written["knee"] == {"sessions": 4, "too_many": None}, result.output
    assert [each["faults"] for each in written["points"]] == [[], []]
    assert (written["ramp"]["sessions"], written["ramp"]["missing"]) == (10, 0)
    assert result.exit_code == int(not all(each["kept"] for each in written["targets"]))
    assert (tmp_path / "knee.svg").exists()
    assert str(Path.cwd()) not in (tmp_path / "knee.json").read_text()
