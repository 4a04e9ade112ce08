"""`python -m tests.fleet.rolling PAGE FOLDER`: 60 recordings and a rolling restart, on command.

The test in `frontend/e2e` adds a browser to them. A line of JSON in, a line of JSON out; the end of
the input ends everything.
"""

import asyncio
import sys
import wave
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.commands import commands, tell
from chaos.fleet.process import Process
from local_stack.provider import Script
from shared_schema.audio import FRAME_BYTES, SAMPLE_RATE
from tests.doubles.numbered_audio import place
from tests.fleet.world import Recording, World, running
from utter_transcribe.events import Reconnecting, Result

PEOPLE: Final = 60
_SETTINGS: Final = {"MAX_AUDIO_SECONDS": "300"}
_SEAM_BYTES: Final = FRAME_BYTES // 4
"""Less than that is not looked for: a frame is sent again as a whole."""


class Crowd:
    """Sixty people at their microphones, and one more whom nobody here knows.

    Args:
        world: With nobody in it.
        folder: For the sound that is handed over.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._recordings: list[Recording] = []
        self._runs: list[asyncio.Task[Result]] = []

    async def record(self) -> dict[str, Any]:
        """Begin to record; return when each was heard for a second."""
        self._recordings = [self._world.recording() for _ in range(PEOPLE)]
        self._runs = [asyncio.create_task(one.run(), name="record") for one in self._recordings]
        await asyncio.gather(*(one.handed(1.0) for one in self._recordings))
        return {"recording": PEOPLE, "sessions": await self._sessions()}

    async def restart(self) -> dict[str, Any]:
        """Replace one bridge after the other; return which held sessions when their turn came."""
        held = []
        for bridge in self._world.fleet.bridges:
            held.append(await _sessions(bridge))
            await bridge.drain()
            await bridge.start()
            await bridge.ready()
        return {"held": held}

    async def end(self) -> dict[str, Any]:
        """End the recordings; return how they went, and the sound of the one who is a stranger."""
        for one in self._recordings:
            one.end()
        results = await asyncio.gather(*self._runs)
        audio = [record.audio for record in self._world.provider.sessions if record.audio]
        heard = [place(pcm) for pcm in audio if _numbered(pcm)]
        strangers = [bytes(pcm) for pcm in audio if not _numbered(pcm)]
        told = [event for one in self._recordings for event in one.seen.of(Reconnecting)]
        path = self._folder / "stranger.wav"
        _write(path, joined(strangers))
        return {
            "endings": Counter(
                f"{result.status}, {result.reason or 'stopped'}" for result in results
            ),
            "reconnected": sum(result.reconnects > 0 for result in results),
            "gaps": sum(len(one.gaps(heard)) for one in self._recordings),
            "worse": sum(not event.failure.retryable for event in told),
            "stranger": {"sessions": len(strangers), "heard": str(path)},
        }

    async def _sessions(self) -> float:
        return sum([await _sessions(bridge) for bridge in self._world.fleet.bridges])


def joined(parts: Sequence[bytes]) -> bytes:
    """Join what the sessions of one recording heard: each begins in the one before, or after it."""
    whole = b""
    for part in parts:
        whole = whole[: _seam(whole, part)] + part
    return whole


def _seam(whole: bytes, part: bytes) -> int:
    """Return from where on `whole` is how `part` begins: its end, if nothing was sent again."""
    seam = whole.find(part[:_SEAM_BYTES])
    while seam >= 0 and not part.startswith(whole[seam:]):
        seam = whole.find(part[:_SEAM_BYTES], seam + 1)
    return seam if seam >= 0 else len(whole)


def _numbered(pcm: bytes | bytearray) -> bool:
    """Whether two frames of it are of few samples, none of them low: nobody speaks like that."""
    samples = memoryview(bytes(pcm[: 2 * FRAME_BYTES])).cast("H")
    return len(set(samples)) <= 3 and min(samples) >= 1000


async def _sessions(bridge: Process) -> float:
    return (await bridge.metrics())["utter_sessions_open"]


def _write(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm)


async def _serve(page: Path, folder: Path) -> None:
    async with running(folder, {**_SETTINGS, "FUNCTIONS_PAGE_DIR": str(page)}) as world:
        # It never runs out of words: from the last ones on a recording is sent again.
        world.engine.script = Script(repeat=True)
        crowd = Crowd(world, folder)
        acts = {"record": crowd.record, "restart": crowd.restart, "end": crowd.end}
        stack = world.fleet.stack
        tell({"url": world.fleet.url, "supabase_url": stack.url, "key": stack.keys[0]})
        async for command in commands():
            tell(await acts[command["do"]]())


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), Path(sys.argv[2])))
