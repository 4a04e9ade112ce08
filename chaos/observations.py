"""What a run has seen of its clients: the matter of the laws."""

import time
from collections import Counter
from dataclasses import dataclass, field

from shared_schema.audio import FRAME_BYTES
from utter_transcribe.errors import Failure
from utter_transcribe.events import Result


@dataclass(slots=True)
class Recording:
    """A recording of an honest client.

    Attributes:
        number: Which one.
        user: Whose, by id.
        frames: Its length in frames of 100 ms.
        result: What became of it; None if it never came to an end.
        reconnecting: How often the person was told of it.
    """

    number: int
    user: str
    frames: int
    result: Result | None = None
    reconnecting: int = 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.frames * FRAME_BYTES


@dataclass(slots=True)
class Sent:
    """A file that was sent, as often as it took.

    Attributes:
        what: `transcribe`, `stream`, `take` or `clone`.
        user: Whose, by id.
        milliseconds: Its length, which no other file of this user has.
        failure: Why it was given up; None when it was answered.
        wrong: What was not as it should be in the answer.
    """

    what: str
    user: str
    milliseconds: int
    failure: Failure | None = None
    wrong: str | None = None


@dataclass(slots=True)
class Voice:
    """A voice that was stored, and what it must be.

    Attributes:
        id: Its id.
        user: Whose, by id.
        sha256: Of its recording.
        deleted: Whether its owner deleted it, or tried to.
        surely: Whether that is known to have been done, or not to.
    """

    id: str
    user: str
    sha256: str
    deleted: bool = False
    surely: bool = True


@dataclass(slots=True)
class Line:
    """A socket of a client that is not honest, or not well.

    Attributes:
        manner: How it behaved.
        key: Of its handshake, by which nginx knows it.
        began: Unix time, seconds.
        ended: The same.
        types: Of the messages that came, in order.
        code: Of the `error`, where one came.
        reason: Of the `final`.
        close_code: With which it was closed; None without a close frame.
        refused: HTTP status of a handshake that was refused.
        left: Whether it went without a word, or did not listen at the end.
    """

    manner: str
    key: str = ""
    began: float = field(default_factory=time.time)
    ended: float = 0.0
    types: list[str] = field(default_factory=list)
    code: str | None = None
    reason: str | None = None
    close_code: int | None = None
    refused: int | None = None
    left: bool = False


@dataclass(slots=True)
class Hopping:
    """What someone did who wants more than their day.

    Attributes:
        limit: Seconds that they may use.
        recordings: Numbers of what they sent.
    """

    limit: int
    recordings: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Evidence:
    """All of it."""

    recordings: list[Recording] = field(default_factory=list)
    files: list[Sent] = field(default_factory=list)
    voices: list[Voice] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    hoppings: list[Hopping] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
