"""One socket of a live transcription and its session: where it stands, how long it may take."""

import math
from dataclasses import dataclass
from enum import Enum, auto

from shared_schema import limits


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds, and how much to trust."""

    ready: float = 20.0
    """From the beginning of a connect to `ready`."""
    ack: float = limits.HALF_OPEN_SECONDS
    """For an `ack` while audio is on its way."""
    final: float = 30.0
    """For any message of a session after its `stop`."""
    afterword: float = 2.0
    """After a partial `final`, for the `error` that says how to go on."""
    finish: float = 120.0
    """For any sign, once the audio has ended, that some session still hears it."""
    hearing: float = 2.0
    """Seconds of audio that a provider surely hears in a second. What was lost while it had to
    catch up with more is sent again from where it surely was."""
    unheard: float = 60.0
    """Seconds of audio that are sent again, at most, because no words came for them."""
    backoff: float = limits.RESUME_BACKOFF_SECONDS
    backoff_max: float = limits.RESUME_BACKOFF_MAX_SECONDS
    retry_after: float = 60.0
    """Longest wait that a service may ask for; one that asks for more is not tried again."""
    tries: int = limits.MAX_RESUME_TRIES
    """Tries in a row; a session that carries a second of new audio begins the row anew."""


class Phase(Enum):
    """Where a link stands."""

    WAITING = auto()
    OPENING = auto()
    STARTING = auto()
    READY = auto()
    GONE = auto()


@dataclass(eq=False)
class Link:
    """One socket and its session. Positions are bytes of the recording."""

    number: int
    open_at: float
    """When to connect; infinite while there is nothing to say."""
    fresh_token: bool = False
    phase: Phase = Phase.WAITING
    rewind: int = 0
    """How far before `acked` a successor begins."""
    ready_at: float = 0.0
    catches_up: bool = False
    """Whether it is handed more at first than was just spoken."""
    challenged: bool = False
    """Whether a successor has asked for its place."""
    begin: int = 0
    sent: int = 0
    acked: int = 0
    spoken: int = 0
    """Up to where it was surely heard when the last words came."""
    spoken_at: float = 0.0
    proven_at: int = 0
    """Where an `ack` shows that this session gets on."""
    stopped: bool = False
    """Whether `stop` was sent, or the service ended the session."""
    deadline: float = math.inf
    """When to take the link for dead."""

    @property
    def alive(self) -> bool:
        """Whether it has a socket, or is about to."""
        return self.phase not in {Phase.WAITING, Phase.GONE}
