"""Many runs become few figures, and none of the bad ones gets lost."""

from dataclasses import replace

from bench import summary
from bench.load.hold import Boot
from bench.measure import Run

BASE = Run(
    variant="bridge",
    sessions=150,
    round=1,
    cpu_us_per_frame=80.0,
    cpu_ms_per_open=1.0,
    relay_cpu=0.2,
    load_cpu=0.1,
    provider_cpu=0.1,
    ledger_cpu=0.0,
    others_cpu=0.0,
    ready_ms=(5.0, 9.0),
    p50_ms=0.6,
    p99_ms=4.0,
    p999_ms=6.0,
    deltas=1000,
    late_ms=1.0,
    uss_kb_per_session=50.0,
    rss_kb_per_session=50.0,
    idle_mb=60.0,
    lost_frames=0.0,
    missing_deltas=0,
    missing_finals=0,
    unsettled=0,
    faults={},
    boot=[Boot(10.0, 2.0), Boot(5.0, 1.0)],
)


def rounds(variant: str, *cpu: float | None) -> list[Run]:
    """Return a run for each figure."""
    return [replace(BASE, variant=variant, cpu_us_per_frame=each) for each in cpu]


def test_medians_and_sums() -> None:
    """Figures are medians over the rounds; what must not happen is added up."""
    runs = rounds("bridge", 70.0, 80.0, 300.0)
    runs[1] = replace(runs[1], lost_frames=2.0, missing_finals=1)
    (row,) = summary.rows(runs)
    assert (row.cpu_us_per_frame, row.rounds) == (80.0, 3)
    assert (row.lost_frames, row.missing_finals) == (2.0, 1)


def test_beside_direct() -> None:
    """Latency is told over direct and as a multiple of it; direct has nothing beside it."""
    direct = replace(BASE, variant="direct", cpu_us_per_frame=None, p50_ms=0.2, p99_ms=1.0)
    alone, ours = summary.rows([direct, BASE])
    assert (alone.cpu_us_per_frame, alone.added_p50_ms, alone.times_p99) == (None, None, None)
    assert (ours.added_p50_ms, ours.times_p50) == (0.6 - 0.2, 0.6 / 0.2)
    assert (ours.added_p99_ms, ours.times_p99) == (3.0, 4.0)


def test_who_was_used_up_is_named() -> None:
    """A process that had no CPU left is named, since the figures then show it alone."""
    starved = replace(BASE, relay_cpu=0.99)
    crowded = replace(BASE, sessions=300, load_cpu=0.5, provider_cpu=0.47)
    one, other = summary.rows([starved, crowded])
    assert one.limited_by == ("relay",)
    assert other.limited_by == ("load generator and fake",)


def test_targets() -> None:
    """CPU is compared at 150 sessions, loss at all of them, and one lost frame breaks the law."""
    runs = [*rounds("bridge", 80.0), *rounds("sketch", 160.0), *rounds("node", 100.0)]
    runs.append(replace(BASE, sessions=1, lost_frames=1.0))
    found = {target.law: target for target in summary.targets(summary.rows(runs))}
    sketch = found["CPU per frame beside sketch, 150 sessions"]
    node = found["CPU per frame beside node, 150 sessions"]
    assert (sketch.measured, sketch.kept) == (0.5, True)
    assert (node.measured, node.kept) == (0.8, True)
    assert found["CPU per open, ms, 150 sessions"].measured == 1.0
    assert found["p99 beside node, 150 sessions"].kept
    assert not found["lost frames"].kept
    assert found["missing finals"].kept


def test_the_first_session_beside_the_tenth() -> None:
    """Every start of a relay counts; without a relay there is none."""
    runs = [BASE, replace(BASE, variant="direct"), replace(BASE, boot=[Boot(20.0, 2.0)] * 2)]
    (row,) = summary.first_sessions(runs)
    assert (row.variant, row.starts) == ("bridge", 2)
    assert (row.first_ready_ms, row.tenth_ready_ms) == (15.0, 12.5)
