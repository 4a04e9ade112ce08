"""One run: one variant, by one relay or several, with so many sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import psutil

from bench.children import ANSWER_SECONDS, START_SECONDS, Child, ChildError, running
from bench.cores import Cores
from bench.load.hold import Boot, Held
from bench.load.session import Target
from bench.plan import Plan
from bench.variants import Neighbours, Variant
from shared_schema.audio import FRAME_BYTES
from utter_transcribe.local import answers

_DRAIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave.

    Attributes:
        variant: Its name.
        sessions: Asked for.
        round: Counted from 1.
        cpu_us_per_frame: CPU of the relays' processes for each frame that reached the provider in
            the window, microseconds; None without a relay.
        cpu_ms_per_open: CPU of the relays' processes for each session that opened, milliseconds;
            None without a relay, or if sessions spoke meanwhile.
        relay_cpu: Cores that the relays used, together.
        load_cpu: The same of the load generator.
        provider_cpu: The same of the fake provider.
        ledger_cpu: The same of the ledger's double.
        others_cpu: Cores that were used by processes which are none of ours.
        ready_ms: Median and 99th percentile to `ready`, under the ramp, or in the rush.
        p50_ms: Median delay from a frame to the delta it pays for.
        p99_ms: 99th percentile.
        p999_ms: 99.9th percentile.
        deltas: Delays that these stand on.
        late_ms: How late the generator sent, 99th percentile.
        uss_kb_per_session: Private memory that each session added to the relays, in 1024 bytes.
        rss_kb_per_session: The same of resident memory.
        idle_mb: Private memory of all relays before the sessions, in 1024² bytes.
        lost_frames: Sent and not arrived at the provider.
        missing_deltas: Paid for and not received.
        missing_finals: Sessions without a complete final.
        unsettled: Grants of the ledger that were not settled.
        faults: What went wrong, counted.
        boot: The first sessions of a fresh process.
    """

    variant: str
    sessions: int
    round: int
    cpu_us_per_frame: float | None
    cpu_ms_per_open: float | None
    relay_cpu: float | None
    load_cpu: float
    provider_cpu: float
    ledger_cpu: float
    others_cpu: float
    ready_ms: tuple[float, float]
    p50_ms: float
    p99_ms: float
    p999_ms: float
    deltas: int
    late_ms: float
    uss_kb_per_session: float | None
    rss_kb_per_session: float | None
    idle_mb: float | None
    lost_frames: float
    missing_deltas: int
    missing_finals: int
    unsettled: int
    faults: dict[str, int]
    boot: list[Boot]


@dataclass(frozen=True, slots=True)
class _Reading:
    """All counters at one edge of the window."""

    at: float
    frames: int
    relay: float
    load: float
    provider: float
    ledger: float
    machine: float
    """All processes."""


class Lab:
    """The processes that all runs share; made by `Lab.open`."""

    def __init__(self, cores: Cores, load: Child, provider: Child, supabase: Child) -> None:
        self._cores = cores
        self._load = load
        self._provider = provider
        self._supabase = supabase
        self._neighbours = Neighbours("", "")
        self._provider_port = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, cores: Cores, python: str) -> AsyncIterator[Self]:
        """Start them; ended when the block is left.

        Raises:
            ChildError: one does not start.
        """
        async with AsyncExitStack() as stack:
            load, provider, supabase = [
                await stack.enter_async_context(
                    running(name, (python, "-m", f"bench.{name}"), cores.others, {})
                )
                for name in ("load", "provider", "supabase")
            ]
            lab = cls(cores, load, provider, supabase)
            await load.told(START_SECONDS)
            lab._provider_port = (await provider.told(START_SECONDS))["port"]
            ledger = (await supabase.told(START_SECONDS))["port"]
            lab._neighbours = Neighbours(
                f"http://127.0.0.1:{lab._provider_port}", f"http://127.0.0.1:{ledger}"
            )
            yield lab

    async def run(
        self,
        variant: Variant,
        sessions: int,
        plan: Plan,
        *,
        number: int = 1,
        relays: int = 1,
        watch: Callable[[Child], AbstractAsyncContextManager[None]] | None = None,
    ) -> Run:
        """Start the relays afresh, run the first sessions of each, then measure.

        Args:
            variant: What is measured.
            sessions: How many at once.
            plan: For the window and the speed of opening.
            number: Of the round, for the record.
            relays: Processes that the sessions are spread over.
            watch: Is around the first relay from its first session to the end of the window.

        Raises:
            ChildError: a relay does not start, or loses its first sessions.
        """
        async with AsyncExitStack() as stack:
            targets, children = [], []
            for _ in range(relays if variant.argv is not None else 1):
                target, relay = await stack.enter_async_context(self._relay(variant))
                targets.append(asdict(target))
                children += [relay] if relay is not None else []
            tokens = (await self._supabase.ask(do="tokens", count=sessions + 1))["tokens"]
            boots = [
                (await self._load.ask(do="boot", target=target, token=tokens[0]))["boot"]
                for target in targets
            ]
            # What a run before it left open is not this one's.
            for child in (self._provider, self._supabase):
                await child.ask(do="forget")
            uss, rss = _memory(children)
            closed = await self._read(children)
            async with watch(children[0]) if watch is not None else nullcontext():
                await self._load.ask(
                    do="hold",
                    patience=ANSWER_SECONDS + sessions / plan.opens_per_second,
                    targets=targets,
                    tokens=tokens[1:],
                    seconds=plan.seconds,
                    opens_per_second=plan.opens_per_second,
                    rush=plan.rush,
                    speak_while_opening=plan.speak_while_opening,
                    settle_seconds=plan.settle_seconds,
                )
                opened = await self._read(children)
                await self._load.ask(do="go on", patience=ANSWER_SECONDS + plan.settle_seconds)
                before = await self._read(children)
                await self._load.ask(do="go on", patience=ANSWER_SECONDS + plan.seconds)
                after = await self._read(children)
                uss_full, rss_full = _memory(children)
            held = Held(**(await self._load.ask(do="go on"))["held"])
            lost = held.frames - await self._arrived()
            unsettled = await self._unsettled()
        took = after.at - before.at
        frames = max(1, after.frames - before.frames)
        used = after.relay - before.relay
        opens_alone = bool(children) and not plan.speak_while_opening
        opening = opened.relay - closed.relay
        load, provider = after.load - before.load, after.provider - before.provider
        ledger = after.ledger - before.ledger
        others = after.machine - before.machine - used - load - provider - ledger
        ready = sorted(held.ready_ms)
        return Run(
            variant=variant.name,
            sessions=sessions,
            round=number,
            cpu_us_per_frame=1e6 * used / frames if children else None,
            cpu_ms_per_open=1e3 * opening / sessions if opens_alone else None,
            relay_cpu=used / took if children else None,
            load_cpu=load / took,
            provider_cpu=provider / took,
            ledger_cpu=ledger / took,
            others_cpu=max(0.0, others / took),
            ready_ms=(percentile(ready, 0.5), percentile(ready, 0.99)),
            p50_ms=percentile(held.delays_ms, 0.5),
            p99_ms=percentile(held.delays_ms, 0.99),
            p999_ms=percentile(held.delays_ms, 0.999),
            deltas=len(held.delays_ms),
            late_ms=held.late_ms_p99,
            uss_kb_per_session=(uss_full - uss) / sessions / 1024 if children else None,
            rss_kb_per_session=(rss_full - rss) / sessions / 1024 if children else None,
            idle_mb=uss / 1024**2 if children else None,
            lost_frames=lost,
            missing_deltas=held.missing_deltas,
            missing_finals=held.missing_finals,
            unsettled=unsettled,
            faults=held.faults,
            boot=[Boot(**one) for one in boots[0]],
        )

    @asynccontextmanager
    async def _relay(self, variant: Variant) -> AsyncIterator[tuple[Target, Child | None]]:
        if variant.argv is None:
            headers = {"Authorization": "Bearer bench"}
            yield Target(self._provider_port, variant.path, variant.dialect, headers), None
            return
        environment = variant.environment(self._neighbours)
        async with running(variant.name, variant.argv, self._cores.relay, environment) as relay:
            port = (await relay.told(START_SECONDS))["port"]
            if variant.ready_path is not None:
                await _ready(variant.name, f"http://127.0.0.1:{port}{variant.ready_path}")
            yield Target(port, variant.path, variant.dialect), relay

    async def _read(self, relays: Sequence[Child]) -> _Reading:
        frames = (await self._provider.ask(do="count"))["frames"]
        return _Reading(
            at=asyncio.get_running_loop().time(),
            frames=frames,
            relay=sum(relay.cpu_seconds() for relay in relays),
            load=self._load.cpu_seconds(),
            provider=self._provider.cpu_seconds(),
            ledger=self._supabase.cpu_seconds(),
            machine=_machine_seconds(),
        )

    async def _arrived(self) -> float:
        """Wait until the provider's sockets are down; return the frames that reached it."""
        return float((await _settled(self._provider))["bytes"] / FRAME_BYTES)

    async def _unsettled(self) -> int:
        """Wait for the settlements that come after a final; return the grants that had none."""
        return int((await _settled(self._supabase))["open"])


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the sorted `values` lie; 0 of none."""
    return values[round(share * (len(values) - 1))] if values else 0.0


def _machine_seconds() -> float:
    """Return the CPU time that all processes of the machine have used so far."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


def _memory(relays: Sequence[Child]) -> tuple[int, int]:
    return sum(each.private_bytes() for each in relays), sum(
        each.resident_bytes() for each in relays
    )


async def _settled(child: Child) -> dict[str, Any]:
    """Return a child's counts when nothing is open there any more, or not in time."""
    deadline = asyncio.get_running_loop().time() + _DRAIN_SECONDS
    while True:
        counts = await child.ask(do="count")
        if not counts["open"] or asyncio.get_running_loop().time() > deadline:
            return counts
        await asyncio.sleep(0.05)


async def _ready(name: str, url: str) -> None:
    """Wait until `url` answers with success."""
    is_ready = answers(url)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await is_ready(""):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise ChildError(f"{name} is not ready after {START_SECONDS:g} s") from None
