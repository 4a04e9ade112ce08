"""Many sessions at real-time pace, and what they saw."""

import asyncio
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.load.session import Session, Target, faults
from bench.script import FRAMES_PER_DELTA
from shared_schema.audio import FRAME_MS

BOOT_SESSIONS: Final = 10
_FRAME_SECONDS: Final = FRAME_MS / 1000


@dataclass(frozen=True, slots=True)
class Boot:
    """One of the first sessions of a fresh process.

    Attributes:
        ready_ms: From the connect to `ready`.
        first_delta_ms: From the first frame to the first text, the audio of which was sent at once.
    """

    ready_ms: float
    first_delta_ms: float


@dataclass(frozen=True, slots=True)
class Held:
    """What the sessions of one window saw.

    Attributes:
        ready_ms: Of each session that became ready; if there was a rush, of those in it.
        delays_ms: Of each delta in the window, from the frame that paid for it; sorted.
        late_ms_p99: How late the generator sent its frames, 99th percentile.
        frames: Sent by all sessions, from first to last.
        missing_deltas: Deltas that were paid for and did not come.
        missing_finals: Sessions without a complete final.
        faults: What went wrong, counted.
    """

    ready_ms: list[float]
    delays_ms: list[float]
    late_ms_p99: float
    frames: int
    missing_deltas: int
    missing_finals: int
    faults: dict[str, int]


async def boot(target: Target, token: str) -> list[Boot]:
    """Run short sessions one after the other."""
    seen = []
    for _ in range(BOOT_SESSIONS):
        session = Session(target, token)
        ready = await session.open()
        first_delta = await session.first_delta() if session.live else 0.0
        session.stop()
        await session.finish()
        if session.fault is not None:
            raise RuntimeError(session.fault)
        seen.append(Boot(1000 * ready, 1000 * first_delta))
    return seen


async def hold(
    targets: Sequence[Target],
    tokens: Sequence[str],
    *,
    seconds: float,
    opens_per_second: float,
    rush: int,
    speak_while_opening: bool,
    settle_seconds: float,
    edge: Callable[[], Awaitable[None]],
) -> Held:
    """Open one session for each token, let them speak, and end them.

    Args:
        targets: Where they go, in turns.
        tokens: Access tokens.
        seconds: Length of the window that is measured.
        opens_per_second: How fast the sessions are opened.
        rush: Of them, so many are opened within one second, as the last.
        speak_while_opening: Whether a session speaks as soon as it is ready; otherwise all begin
            when the last one is.
        settle_seconds: Between the last `ready` and the window.
        edge: Awaited when all are ready, as the window begins, and as it ends with every session
            still open.
    """
    sessions = [
        Session(targets[number % len(targets)], token, number)
        for number, token in enumerate(tokens)
    ]
    lateness = array("d")
    speaking = asyncio.Event()
    if speak_while_opening:
        speaking.set()
    pacing = asyncio.create_task(_pace(sessions, speaking, lateness), name="pace")
    try:
        opened = await _ramp(sessions, opens_per_second, rush)
        await edge()
        speaking.set()
        await asyncio.sleep(settle_seconds)
        del lateness[:]
        await edge()
        began = time.perf_counter()
        await asyncio.sleep(seconds)
        ended = time.perf_counter()
        late = sorted(lateness)
        await edge()
    finally:
        pacing.cancel()
    for session in sessions:
        session.stop()
    await asyncio.gather(*(session.finish() for session in sessions))
    delays = sorted(
        1000 * delay for session in sessions for at, delay in session.delays if began <= at <= ended
    )
    return Held(
        ready_ms=[1000 * each for each in opened],
        delays_ms=delays,
        late_ms_p99=1000 * late[int(0.99 * (len(late) - 1))] if late else 0.0,
        frames=sum(session.frames for session in sessions),
        missing_deltas=sum(
            max(0, session.frames // FRAMES_PER_DELTA - session.deltas) for session in sessions
        ),
        missing_finals=sum(not session.final for session in sessions),
        faults=faults(sessions),
    )


def due(sessions: int, a_second: float, rush: int) -> list[float]:
    """Return when each session is opened, in seconds: so many a second, the last in one second."""
    first = max(0, sessions - rush)
    rushed = sessions - first
    steady = [place / a_second for place in range(first)]
    return steady + [first / a_second + place / rushed for place in range(rushed)]


async def _ramp(sessions: Sequence[Session], a_second: float, rush: int) -> list[float]:
    """Open all; return the seconds to `ready` of those that got there, and were in the rush."""

    async def open_at(delay: float, session: Session) -> float:
        await asyncio.sleep(delay)
        return await session.open()

    taken = await asyncio.gather(
        *map(open_at, due(len(sessions), a_second, rush), sessions),
    )
    ready = [each if session.live else None for each, session in zip(taken, sessions, strict=True)]
    return [each for each in ready[-rush:] if each is not None]


async def _pace(
    sessions: Sequence[Session], speaking: asyncio.Event, lateness: "array[float]"
) -> None:
    """Let every session that is live send a frame each 100 ms, spread evenly over them."""
    await speaking.wait()
    step = _FRAME_SECONDS / len(sessions)
    due = time.perf_counter()
    while True:
        for session in sessions:
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            if session.live:
                lateness.append(time.perf_counter() - due)
                session.speak()
            due += step
        await asyncio.sleep(0)  # let others run also when it is behind
