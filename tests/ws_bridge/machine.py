"""A session without sockets, and names for what the tests feed it."""

import json
from typing import Any, Literal

from shared_schema.base import Outbound
from tests.ws_bridge.world import START
from transcription.ledger.base import CutBy
from ws_bridge.effects import Effect, Send
from ws_bridge.session import Session, Terms, Timing
from ws_bridge.watchdog import Timeouts

TIMING = Timing(
    start=5.0,
    finish=10.0,
    ending_soon=30.0,
    slack=1000.0,
    timeouts=Timeouts(audio=30.0, ping_interval=15.0, ping_timeout=10.0, provider=15.0),
)
SESSION_ID = "00000000-0000-4000-8000-000000000001"
RESUMES = "00000000-0000-4000-8000-000000000002"
STOP = '{"type":"stop"}'


def start(**fields: Any) -> str:
    """Return a `start` as it stands on the wire."""
    return json.dumps({**START, **fields})


def terms(max_seconds: float = 300.0, cut_by: CutBy = "max_duration") -> Terms:
    """Return what a session was granted."""
    return Terms(SESSION_ID, "model", max_seconds, cut_by, max_lag_ms=2500)


def live(
    now: float = 0.0,
    *,
    max_seconds: float = 300.0,
    cut_by: CutBy = "max_duration",
    timing: Timing = TIMING,
    **fields: Any,
) -> Session:
    """Return a session to which `ready` was told."""
    session = Session(timing, now)
    session.receive_text(start(**fields), now)
    session.opened(terms(max_seconds, cut_by), now)
    taken(session)
    return session


def taken(session: Session) -> list[Effect]:
    """Return what the session asks for, and take it off its hands."""
    effects = list(session.effects)
    session.effects.clear()
    return effects


def told(effects: list[Effect]) -> list[Outbound]:
    """Return the messages among what a session asks for."""
    return [effect.message for effect in effects if isinstance(effect, Send)]


def hear(session: Session, size: int, now: float) -> float:
    """Let a frame of silence come and be handed over; return the seconds to wait."""
    frame = session.receive_audio(bytes(size), now)
    return session.handed_over(len(frame), now) if frame else 0.0


State = Literal["waiting", "opening", "live", "ending", "closed"]


def in_state(state: State) -> Session:
    """Return a session that has come as far as `state`, at the time 0."""
    session = Session(TIMING, 0.0)
    if state != "waiting":
        session.receive_text(start(), 0.0)
    if state in {"live", "ending", "closed"}:
        session.opened(terms(), 0.0)
    if state in {"ending", "closed"}:
        session.receive_text(STOP, 0.0)
    if state == "closed":
        session.gone(0.0)
    taken(session)
    return session
