"""How each fault is done to the fleet, and undone."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random
from typing import Final

from chaos.fault_proxy import Door, Manner
from chaos.fleet import Fleet, Process
from chaos.plan import Event, Fault
from chaos.provider import FaultyProvider, Trouble
from local_stack.provider import serve

_TROUBLES: Final[Mapping[Fault, tuple[Trouble, float]]] = {
    Fault.PROVIDER_REFUSES: (Trouble.REFUSES, 0.7),
    Fault.PROVIDER_SLOW: (Trouble.SLOW, 0.8),
    Fault.PROVIDER_DROPS: (Trouble.DROPS, 0.02),
    Fault.PROVIDER_STALLS: (Trouble.STALLS, 0.02),
    Fault.PROVIDER_LIES: (Trouble.LIES, 0.02),
}
"""With how likely each is: at a connect, or at each frame."""
_MANNERS: Final[Mapping[Fault, tuple[str, Manner]]] = {
    Fault.AUTH_AWAY: ("auth", Manner.AWAY),
    Fault.LEDGER_AWAY: ("rest", Manner.AWAY),
    Fault.LEDGER_SILENT: ("rest", Manner.SILENT),
    Fault.LEDGER_LOSES_ANSWERS: ("rest", Manner.LOST),
    Fault.STORAGE_AWAY: ("storage", Manner.AWAY),
}


class Provider:
    """The provider's server, which can be away.

    Args:
        engine: What hears.
        port: Where.
    """

    def __init__(self, engine: FaultyProvider, port: int) -> None:
        self.port = port
        self._engine = engine
        self._serving = AsyncExitStack()

    async def come(self) -> None:
        """Serve."""
        serving = serve(self._engine, host="127.0.0.1", port=self.port, record="none")
        await self._serving.enter_async_context(serving)

    async def go(self) -> None:
        """End every session, and refuse to be connected to."""
        await self._serving.aclose()


class Faults:
    """Does what a plan says.

    The first bridge and the first functions are never killed: their memory is watched.

    Args:
        fleet: To whom.
        door: Before its Supabase.
        engine: What hears.
        provider: Its server.
        dice: Whom it meets.
        done: Counts the faults that were applied, not those without a target.
    """

    def __init__(
        self,
        fleet: Fleet,
        *,
        door: Door,
        engine: FaultyProvider,
        provider: Provider,
        dice: Random,
        done: Counter[str],
    ) -> None:
        self._fleet = fleet
        self._door = door
        self._engine = engine
        self._provider = provider
        self._dice = dice
        self._done = done
        self._busy: set[Process] = set()
        self._supabase = asyncio.Lock()
        self._provider_lock = asyncio.Lock()
        self._acts: dict[Fault, Callable[[Event], Awaitable[None]]] = {
            Fault.BRIDGE_KILLED: partial(self._kill, fleet.bridges[1:]),
            Fault.BRIDGE_DRAINED: partial(self._drain, fleet.bridges[1:]),
            Fault.BRIDGE_FROZEN: self._freeze_a_bridge,
            Fault.FUNCTIONS_KILLED: partial(self._kill, fleet.functions[1:]),
            Fault.FUNCTIONS_DRAINED: partial(self._drain, fleet.functions[1:]),
            Fault.BALANCER_RELOADED: self._reload,
            Fault.PROVIDER_AWAY: self._provider_away,
            Fault.POSTGRES_CRASHES: self._crash_postgres,
            Fault.SUPABASE_RESTARTS: self._restart_supabase,
            Fault.SUPABASE_KILLED: self._kill_supabase,
            Fault.KEYS_ROTATED: self._rotate,
        }

    async def play(self, events: list[Event]) -> None:
        """Do it all, each in its time; everything is whole again when this returns."""
        begun = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for event in events:
                await asyncio.sleep(begun + event.at - asyncio.get_running_loop().time())
                group.create_task(self._strike(event), name=event.fault)

    async def _strike(self, event: Event) -> None:
        self._done[event.fault] += 1
        if event.fault in _TROUBLES:
            trouble, likely = _TROUBLES[event.fault]
            self._engine.mood.troubles[trouble] = likely
            await asyncio.sleep(event.seconds)
            self._engine.mood.troubles.pop(trouble, None)
        elif event.fault in _MANNERS:
            service, manner = _MANNERS[event.fault]
            self._door.manners[service] = manner
            await asyncio.sleep(event.seconds)
            self._door.manners.pop(service, None)
        else:
            await self._acts[event.fault](event)

    @asynccontextmanager
    async def _taken(self, replicas: list[Process], event: Event) -> AsyncIterator[Process | None]:
        """Take one that no other fault has in hand; None when there is none."""
        free = [process for process in replicas if process not in self._busy]
        if not free:
            self._done[event.fault] -= 1
            yield None
            return
        process = self._dice.choice(free)
        self._busy.add(process)
        try:
            yield process
        finally:
            self._busy.discard(process)

    async def _kill(self, replicas: list[Process], event: Event) -> None:
        async with self._taken(replicas, event) as process:
            if process is not None:
                await process.kill()
                await asyncio.sleep(event.seconds)
                await process.start()
                await process.ready()

    async def _drain(self, replicas: list[Process], event: Event) -> None:
        async with self._taken(replicas, event) as process:
            if process is not None:
                await process.drain()
                await asyncio.sleep(event.seconds / 4)
                await process.start()
                await process.ready()

    async def _freeze_a_bridge(self, event: Event) -> None:
        async with self._taken(self._fleet.bridges, event) as process:
            if process is not None:
                process.signal(signal.SIGSTOP)
                await asyncio.sleep(event.seconds)
                process.signal(signal.SIGCONT)

    async def _reload(self, _: Event) -> None:
        await self._fleet.nginx.reload()

    async def _provider_away(self, event: Event) -> None:
        async with self._provider_lock:
            await self._provider.go()
            await asyncio.sleep(event.seconds)
            await self._provider.come()

    async def _crash_postgres(self, _: Event) -> None:
        async with self._supabase:
            await self._fleet.stack.crash_database()

    async def _restart_supabase(self, event: Event) -> None:
        async with self._supabase:
            await self._fleet.stack.process.drain()
            await asyncio.sleep(event.seconds)
            await self._fleet.stack.start()

    async def _kill_supabase(self, event: Event) -> None:
        async with self._supabase:
            await self._door.close()
            await self._fleet.stack.process.kill()
            await asyncio.sleep(event.seconds)
            await self._fleet.stack.start()
            await self._door.open()

    async def _rotate(self, _: Event) -> None:
        async with self._supabase:
            await self._fleet.stack.rotate_keys()
