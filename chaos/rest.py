"""The fleet at rest: waiting until it is quiet, and a look at what each replica still holds."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from chaos.fleet import Fleet, Process

QUIET_SECONDS: Final = 90.0
"""Longer than any settlement waits for its next try, and any lost `open` for its end."""
POLL_SECONDS: Final = 0.5
_BUSY: Final = ("utter_sessions_open", "utter_sockets_pending", "utter_settlements_pending")


@dataclass(frozen=True, slots=True)
class Rest:
    """A replica when nothing is under way.

    Attributes:
        name: Whose.
        life: Which of its lives, counted from 1.
        busy: What it still takes for open, in its metrics' words; empty when it is quiet.
        memory: Its alone, in bytes.
        files: Open files that are no sockets.
        tasks: Of its event loop.
        clients: Connections that it has accepted.
        upstreams: Connections to the provider.
        left: Processes that its former lives left behind.
    """

    name: str
    life: int
    busy: tuple[str, ...]
    memory: int
    files: int
    tasks: int
    clients: int
    upstreams: int
    left: tuple[int, ...]


async def rest_of(process: Process, provider_port: int) -> Rest:
    """Look at a replica."""
    metrics = await process.metrics()
    ends = process.sockets()
    return Rest(
        name=process.name,
        life=len(process.lives),
        busy=tuple(f"{name} = {metrics[name]:g}" for name in _BUSY if metrics.get(name)),
        memory=process.memory(),
        files=process.files(),
        tasks=int(metrics["utter_tasks"]),
        clients=sum(own == process.port for own, _ in ends),
        upstreams=sum(peer == provider_port for _, peer in ends),
        left=tuple(process.left()),
    )


async def quiet(
    fleet: Fleet, provider_port: int, is_quiet: Callable[[Sequence[Rest]], bool]
) -> list[Rest]:
    """Wait until nothing is under way, but not for ever; return how it is then."""
    deadline = asyncio.get_running_loop().time() + QUIET_SECONDS
    while True:
        found = [await _patiently(process, provider_port) for process in fleet.replicas]
        if is_quiet(found) or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(POLL_SECONDS)


async def _patiently(process: Process, provider_port: int) -> Rest:
    try:
        return await rest_of(process, provider_port)
    except httpx.HTTPError as error:
        nothing = (f"does not tell its metrics: {type(error).__name__}",)
        return Rest(process.name, len(process.lives), nothing, 0, 0, 0, 0, 0, ())


def uploads_left(fleet: Fleet) -> list[str]:
    """Return what the functions still keep, besides a folder for each with nothing but its lock."""
    folders = sorted(fleet.uploads.iterdir())
    left = [
        str(path.relative_to(fleet.uploads))
        for path in fleet.uploads.rglob("*")
        if path.is_file() and path.name != "lock"
    ]
    return left + [folder.name for folder in folders[len(fleet.functions) :]]


def blobs(folder: Path) -> int:
    """Return how many objects' bytes Supabase keeps, and drafts of some."""
    return sum(path.is_file() for path in folder.rglob("*"))
