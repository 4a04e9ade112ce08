"""Time to ready while many open at once, with the ledger in a real Postgres."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.children import ANSWER_SECONDS, START_SECONDS, Child, running
from bench.cores import Cores
from bench.load.hold import Held
from bench.load.session import Target
from bench.measure import percentile
from chaos.fleet import Fleet, fleet
from shared_schema.base import REALTIME_PATH
from utter_transcribe.auth import AnonymousUser

_SIGN_UPS: Final = 8
"""At once: they are not what is measured."""
_ROOM_FOR_ALL: Final = (
    "update ledger.deployment set open_sessions = 10000, budget_microdollars = 1000000000000",
    # The first sessions are one user's, and the next opens while the last is being settled.
    "update ledger.plan_limits set sessions = 20, seconds = 6000 where plan = 'anonymous'",
)
_SETTINGS: Final = {
    # All of the load comes from one address.
    "BRIDGE_MAX_SESSIONS_PER_ADDRESS": "2000",
    "BRIDGE_MAX_PENDING_PER_ADDRESS": "200",
}


@dataclass(frozen=True, slots=True)
class Ramp:
    """What it gave.

    Attributes:
        sessions: Opened, each by a user of its own.
        opens_per_second: How fast.
        ready_ms: From the connect to `ready`: median, 99th percentile and greatest.
        missing: Sessions that were not ready, or had no complete final.
        faults: Why, counted.
    """

    sessions: int
    opens_per_second: float
    ready_ms: tuple[float, float, float]
    missing: int
    faults: dict[str, int]


async def measure(*, bridges: int, sessions: int, opens_per_second: float) -> Ramp:
    """Open sessions of as many users at real bridges, Postgres behind them.

    Raises:
        ChildError: the generator or the provider does not start.
        FleetError: nor does something else.
    """
    every = Cores.shared().others
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        load, provider = [
            await stack.enter_async_context(
                running(name, (sys.executable, "-m", f"bench.{name}"), every, {})
            )
            for name in ("load", "provider")
        ]
        await load.told(START_SECONDS)
        url = f"http://127.0.0.1:{(await provider.told(START_SECONDS))['port']}"
        replicas = await stack.enter_async_context(
            fleet(folder, url, bridges=bridges, functions=1, settings=_SETTINGS)
        )
        for statement in _ROOM_FOR_ALL:
            await replicas.stack.query(statement)
        tokens = await _tokens(replicas, sessions + bridges)
        targets = [Target(bridge.port, REALTIME_PATH, "relay") for bridge in replicas.bridges]
        for target, token in zip(targets, tokens, strict=False):
            await load.ask(do="boot", target=asdict(target), token=token)
        held = await _hold(load, targets, tokens[bridges:], opens_per_second)
    ready = sorted(held.ready_ms)
    return Ramp(
        sessions=sessions,
        opens_per_second=opens_per_second,
        ready_ms=(percentile(ready, 0.5), percentile(ready, 0.99), percentile(ready, 1)),
        missing=max(sessions - len(ready), held.missing_finals),
        faults=held.faults,
    )


async def _hold(
    load: Child, targets: Sequence[Target], tokens: Sequence[str], opens_per_second: float
) -> Held:
    await load.ask(
        do="hold",
        patience=ANSWER_SECONDS + len(tokens) / opens_per_second,
        targets=[asdict(target) for target in targets],
        tokens=tokens,
        seconds=1.0,
        opens_per_second=opens_per_second,
        rush=0,
        speak_while_opening=True,
        settle_seconds=1.0,
    )
    for _ in ("the window begins", "it ends"):
        await load.ask(do="go on")
    return Held(**(await load.ask(do="go on"))["held"])


async def _tokens(replicas: Fleet, count: int) -> list[str]:
    """Sign up as many users."""
    turns = asyncio.Semaphore(_SIGN_UPS)

    async def sign_up() -> str:
        async with turns:
            return await AnonymousUser(replicas.stack.url, replicas.stack.keys[0])()

    return await asyncio.gather(*(sign_up() for _ in range(count)))
