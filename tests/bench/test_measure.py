"""The benchmark still measures, and tells what goes wrong."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bench.__main__
from bench.children import Child, ChildError
from bench.cores import Cores
from bench.measure import Lab
from bench.plan import Plan
from bench.variants import BRIDGE, SKETCH, VARIANTS

SHORT = Plan(sessions=(2,), rounds=1, seconds=1.0)


@pytest.mark.process
async def test_every_variant_carries_every_frame() -> None:
    """Each relay hands over all frames, brings all deltas and finals, and leaves nothing open."""
    async with Lab.open(Cores.of_this_machine(), sys.executable) as lab:
        for variant in VARIANTS.values():
            run = await lab.run(variant, 2, SHORT)
            assert run.faults == {}, run
            assert run.deltas > 0, run
            lost = (run.lost_frames, run.missing_deltas, run.missing_finals, run.unsettled)
            assert lost == (0, 0, 0, 0), run
            assert (run.cpu_us_per_frame is None) == (variant.argv is None)
            assert len(run.boot) == 10


@pytest.mark.process
async def test_what_a_run_left_open_is_not_the_next_ones() -> None:
    """A bridge that dies with its grants is told of in its own run alone."""
    async with Lab.open(Cores.of_this_machine(), sys.executable) as lab:

        @asynccontextmanager
        async def killed(child: Child) -> AsyncIterator[None]:
            yield
            os.kill(child.pid, signal.SIGKILL)

        first = await lab.run(BRIDGE, 2, SHORT, watch=killed)
        assert (first.missing_finals, first.unsettled) == (2, 2)
        second = await lab.run(BRIDGE, 2, SHORT)
        assert (second.faults, second.missing_finals, second.unsettled) == ({}, 0, 0)


@pytest.mark.process
async def test_a_relay_that_does_not_start_is_told() -> None:
    """A variant that fails says so with its last words, and the others can still be measured."""
    broken = replace(SKETCH, argv=(sys.executable, "-c", "raise SystemExit('no such thing')"))
    missing = replace(SKETCH, argv=("/no/such/program",))
    refusing = replace(BRIDGE, environment=lambda _: {})
    async with Lab.open(Cores.of_this_machine(), sys.executable) as lab:
        with pytest.raises(ChildError, match="no such thing"):
            await lab.run(broken, 1, SHORT)
        with pytest.raises(ChildError, match="cannot be started"):
            await lab.run(missing, 1, SHORT)
        with pytest.raises(ChildError, match="SUPABASE_URL"):
            await lab.run(refusing, 1, SHORT)
        assert (await lab.run(VARIANTS["direct"], 1, SHORT)).missing_finals == 0


@pytest.mark.process
def test_the_command(tmp_path: Path) -> None:
    """The command measures what it is asked to, writes it down, and names nobody's machine."""
    output = tmp_path / "out.json"
    arguments = "--sessions 1 --rounds 1 --seconds 1 --variants direct,bridge --output"
    app = bench.__main__.app
    result = CliRunner().invoke(app, [*arguments.split(), str(output)])
    assert result.exit_code == 0, result.output
    written = json.loads(output.read_text())
    assert [row["variant"] for row in written["rows"]] == ["direct", "bridge"]
    assert written["failures"] == []
    assert all(target["kept"] for target in written["targets"])
    assert str(Path.cwd()) not in output.read_text()


@pytest.mark.parametrize("wrong", ["--sessions 0", "--sessions x", "--variants ours"])
def test_a_wrong_argument_is_named(wrong: str) -> None:
    """What cannot be measured is refused before anything is started."""
    result = CliRunner().invoke(bench.__main__.app, wrong.split())
    assert result.exit_code == 2, result.output
