"""`python -m bench.profile`: where a bridge spends its time, as a flame graph by py-spy."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from bench.children import Child, ChildError
from bench.cores import Cores
from bench.measure import Lab, Run
from bench.plan import Plan
from bench.variants import BRIDGE

PY_SPY: Final = Path(sys.executable).with_name("py-spy")
_SAMPLES_A_SECOND: Final = 400
_WRITE_SECONDS: Final = 30.0


@asynccontextmanager
async def profiled(child: Child, output: Path) -> AsyncIterator[None]:
    """Sample a process for as long as the block runs, and write what was seen as an SVG.

    Raises:
        ChildError: py-spy is missing, may not look, or writes nothing; its last words.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(str(PY_SPY), "record", "--pid", str(child.pid), "--output", str(output)),
            *("--rate", str(_SAMPLES_A_SECOND), "--nonblocking", "--function"),
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ChildError(f"py-spy cannot be started: {error.strerror}") from None
    try:
        yield
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(_WRITE_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ChildError(f"py-spy: {said.decode(errors='replace').strip()[-500:]}")


async def measure(plan: Plan, output: Path) -> Run:
    """Let a bridge carry sessions while it is profiled."""
    async with Lab.open(Cores.of_this_machine(), sys.executable) as lab:
        [sessions] = plan.sessions
        return await lab.run(BRIDGE, sessions, plan, watch=lambda child: profiled(child, output))


def main(
    output: Annotated[Path, typer.Argument(help="An SVG to be opened in a browser.")],
    *,
    sessions: Annotated[int, typer.Option(min=1, max=2000)] = 150,
    seconds: Annotated[
        float, typer.Option(min=1, max=120, help="Of frames. With 1, it is a profile of opening.")
    ] = 20.0,
    opens: Annotated[float, typer.Option(min=1, max=1000, help="Sessions a second.")] = 50.0,
) -> None:
    """Profile a bridge from the first session that opens to the last frame."""
    plan = Plan((sessions,), rounds=1, seconds=seconds, opens_per_second=opens)
    run = asyncio.run(measure(plan, output))
    Console().print(
        f"{output}: {sessions} sessions, {run.cpu_us_per_frame or 0:.0f} µs/frame while watched"
    )


if __name__ == "__main__":
    typer.run(main)
