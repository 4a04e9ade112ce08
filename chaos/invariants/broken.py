"""The invariants by name, and the report of a broken one."""

from dataclasses import dataclass
from enum import StrEnum


class Law(StrEnum):
    """What must hold, in a few words each."""

    ENDS = "every session ends with a final, or an error that says why"
    COMPLETE = "what is called complete is complete"
    SETTLED = "every second reserved is settled or returned"
    CHARGED = "nobody is charged less than was heard, or twice"
    LIMIT = "no more than the limit was handed over, counted at the provider"
    NOTHING_LEFT = "no lease, task, socket, file, process or object is left over"
    MEMORY = "memory shows no trend"
    NO_BUGS = "no fault is met by a bug"


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that does not hold, and where."""

    law: Law
    where: str
