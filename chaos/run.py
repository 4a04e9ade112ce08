"""One run: three rounds of storm and calm, then the laws."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from chaos import breaks
from chaos.breaks import Break
from chaos.fault_proxy import Door
from chaos.faults import Faults, Provider
from chaos.fleet import Fleet, FleetError, Process, fleet
from chaos.fleet.ports import HOST, free_ports
from chaos.invariants import Broken, ledger, leftovers, people
from chaos.observations import Evidence
from chaos.people.abusive_clients import Stranger
from chaos.people.hopper import Hopper
from chaos.people.scene import Scene
from chaos.people.senders import Sender
from chaos.people.speakers import speak
from chaos.plan import Event
from chaos.provider import FaultyProvider
from chaos.rest import Rest, blobs, quiet, rest_of, uploads_left

ROUNDS: Final = 3
SPEAKERS: Final = 14
SENDERS: Final = 3
STRANGERS: Final = 4
SWEEPS: Final = 5
LAST_WORDS_SECONDS: Final = 120.0
"""The longest that people may take to come to their end when nothing goes wrong any more."""
SETTINGS: Final = {
    "PROVIDER_CONNECT_SECONDS": "4",
    "PROVIDER_STALL_SECONDS": "4",
    "PROVIDER_FINISH_SECONDS": "4",
    "PROVIDER_FILE_SECONDS": "10",
    "BRIDGE_START_TIMEOUT_SECONDS": "2",
    "BRIDGE_IDLE_TIMEOUT_SECONDS": "6",
    "BRIDGE_PING_INTERVAL_SECONDS": "3",
    "BRIDGE_PING_TIMEOUT_SECONDS": "3",
    "BRIDGE_HEARTBEAT_SECONDS": "2",
    "BRIDGE_SLOW_CONSUMER_SECONDS": "3",
    "BRIDGE_SLACK_SECONDS": "20",
    "BRIDGE_DRAIN_SECONDS": "4",
    "FUNCTIONS_DRAIN_SECONDS": "15",
    "FUNCTIONS_UPLOAD_IDLE_SECONDS": "5",
    "FUNCTIONS_SWEEP_SECONDS": "20",
}
"""Everything as usual, only sooner: what takes minutes must happen within a storm."""


_MINUTES_FOR_ALL: Final = "update ledger.plan_limits set seconds = 100000 where plan = 'anonymous'"
_TWO_DAYS_LATER: Final = """
create or replace function ledger.clock() returns timestamptz
language sql volatile set search_path = ''
as $$ select clock_timestamp() + interval '2 days' $$
"""
"""As the owner of the database may: leases, takes and keys are then old enough to be swept."""


@dataclass(slots=True)
class Outcome:
    """What a run came to.

    Attributes:
        evidence: What was seen.
        rounds: The replicas at rest, after each.
        broken: The laws that do not hold.
        ledger: How many rows of the ledger there are, by status.
        seconds: How long it took.
    """

    evidence: Evidence
    rounds: list[list[Rest]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    ledger: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Run:
    """A run over a fleet.

    Args:
        replicas: The fleet.
        door: Before its Supabase.
        engine: What hears.
        provider: Its server.
        seed: Of all dice.
        folder: For people's files.
        tell: Called with what is going on.
    """

    def __init__(
        self,
        replicas: Fleet,
        *,
        door: Door,
        engine: FaultyProvider,
        provider: Provider,
        seed: int,
        folder: Path,
        tell: Callable[[str], None],
    ) -> None:
        self._fleet = replicas
        self._door = door
        self._engine = engine
        self._provider = provider
        self._tell = tell
        self._outcome = Outcome(Evidence())
        self._scene = Scene(replicas.url, door.url, replicas.stack.keys[0], self._outcome.evidence)
        self._faults = Faults(
            replicas,
            door=door,
            engine=engine,
            provider=provider,
            dice=_dice(seed, "faults"),
            done=self._outcome.evidence.faults,
        )
        scene = self._scene
        self._people: list[Callable[[], Coroutine[Any, Any, None]]] = []
        for number in range(SPEAKERS):
            dice = _dice(seed, f"speaker {number}")
            self._people.append(lambda dice=dice: speak(scene, dice))  # type: ignore[misc]
        for number in range(SENDERS):
            self._people.append(Sender(scene, _dice(seed, f"sender {number}"), folder).send)
        for number in range(STRANGERS):
            dice = _dice(seed, f"stranger {number}")
            self._people.append(Stranger(scene, dice, self._allow).visit)
        self._people.append(Hopper(scene, _dice(seed, "hopper"), self._allow).hop)

    async def all(self, storms: list[list[Event]], seconds: float) -> Outcome:
        """Play every round, then look at the laws."""
        begun = time.monotonic()
        at_first = {rest.name: rest for rest in [await self._rest(p) for p in self._fleet.replicas]}
        for number, storm in enumerate(storms, 1):
            self._tell(f"round {number} of {len(storms)}: {len(storm)} faults")
            await self._round(storm, seconds / len(storms))
            rest = await quiet(
                self._fleet, self._provider.port, lambda rest: not self._left(at_first, rest)
            )
            self._outcome.rounds.append(rest)
            self._outcome.broken += self._left(at_first, rest)
        await self._judge()
        self._outcome.seconds = time.monotonic() - begun
        return self._outcome

    def _left(self, at_first: Mapping[str, Rest], rest: Sequence[Rest]) -> list[Broken]:
        uploads = uploads_left(self._fleet)
        return list(leftovers.of_replicas(at_first, rest, self._engine.open, uploads))

    async def _rest(self, process: Process) -> Rest:
        return await rest_of(process, self._provider.port)

    async def _round(self, storm: list[Event], seconds: float) -> None:
        self._scene.over.clear()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        async with asyncio.TaskGroup() as group:
            users = [group.create_task(person()) for person in self._people]
            await self._faults.play(storm)
            await asyncio.sleep(end - loop.time())
            self._scene.over.set()
            self._tell("calm")
            _, late = await asyncio.wait(users, timeout=LAST_WORDS_SECONDS)
            for one in late:
                one.cancel()

    async def _judge(self) -> None:
        """Look at everything; then let two days go by, sweep, and look at what stays."""
        self._tell("laws")
        stack, seen, broken = self._fleet.stack, self._outcome.evidence, self._outcome.broken
        rows = await stack.query(ledger.ROWS)
        self._outcome.ledger = Counter(row["status"] for row in rows)
        broken += people.of_recordings(seen.recordings, self._engine.ears)
        broken += people.of_files(seen.files)
        broken += people.of_lines(seen.lines, self._fleet.nginx.passed(), self._fleet.bridges)
        broken += ledger.of_settlements(rows, self._fleet.replicas, self._door.opens)
        broken += ledger.of_charges(rows, seen.recordings, self._engine.ears)
        broken += ledger.of_limits(seen.hoppings, self._engine.ears)
        broken += leftovers.of_memory(self._outcome.rounds)
        await stack.query(_TWO_DAYS_LATER)
        await self._sweep()
        broken += ledger.of_leases(await stack.query(ledger.ROWS))
        broken += leftovers.of_objects(
            await stack.query(leftovers.VOICES),
            [row["name"] for row in await stack.query(leftovers.OBJECTS)],
            blobs(stack.objects),
            seen.voices,
            seen.files,
        )
        broken += leftovers.of_logs(self._fleet.replicas)

    async def _allow(self, user_id: str, seconds: int) -> None:
        await self._fleet.stack.query(
            "insert into ledger.user_limits (user_id, kind, sessions, seconds)"
            " values (%s, 'realtime', 1, %s)"
            " on conflict (user_id, kind) do update set seconds = excluded.seconds",
            *(user_id, seconds),
        )

    async def _sweep(self) -> None:
        """Sweep as an operator does: again, where Supabase still stumbles over a dead connection.

        Raises:
            FleetError: It fails and fails.
        """
        sweep = partial(self._fleet.functions[0].command, "sweep")
        for _ in range(SWEEPS - 1):
            with suppress(FleetError):
                await sweep()
                return
        await sweep()


@asynccontextmanager
async def running(
    folder: Path, seed: int, what: Break | None, tell: Callable[[str], None]
) -> AsyncIterator[Run]:
    """Set everything up for a run.

    Args:
        folder: Empty.
        seed: Of all dice.
        what: To be broken on purpose.
        tell: Called with what is going on.

    Raises:
        FleetError: It cannot be; the message is for a person.
    """
    tell("starting 3 bridges, 2 functions, nginx and Supabase")
    door, engine = Door(), FaultyProvider(_dice(seed, "provider"))
    provider = Provider(engine, free_ports(1)[0])
    files = folder / "files"
    files.mkdir()
    await provider.come()
    try:
        url = f"http://{HOST}:{provider.port}"
        async with fleet(
            folder, url, front=lambda stack: door.before(stack.url), settings=SETTINGS
        ) as replicas:
            await replicas.stack.query(_MINUTES_FOR_ALL)
            if what is not None:
                breaks.do(what, door, engine)
            yield Run(
                replicas,
                door=door,
                engine=engine,
                provider=provider,
                seed=seed,
                folder=files,
                tell=tell,
            )
    finally:
        await provider.go()


def _dice(seed: int, whose: str) -> Random:
    """Return a user's own random numbers, which do not depend on what others do."""
    return Random(f"{seed} {whose}")  # noqa: S311 - it must be told by its seed
