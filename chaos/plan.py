"""What goes wrong when: drawn from a seed, and the same for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Fault(StrEnum):
    """What can go wrong, besides what people do."""

    BRIDGE_KILLED = "bridge killed"
    BRIDGE_DRAINED = "bridge drained"
    BRIDGE_FROZEN = "bridge frozen"
    FUNCTIONS_KILLED = "functions killed"
    FUNCTIONS_DRAINED = "functions drained"
    BALANCER_RELOADED = "balancer reloaded"
    PROVIDER_REFUSES = "provider refuses"
    PROVIDER_SLOW = "provider slow"
    PROVIDER_DROPS = "provider drops"
    PROVIDER_STALLS = "provider stalls"
    PROVIDER_LIES = "provider lies"
    PROVIDER_AWAY = "provider away"
    POSTGRES_CRASHES = "postgres crashes"
    SUPABASE_RESTARTS = "supabase restarts"
    SUPABASE_KILLED = "supabase killed"
    AUTH_AWAY = "auth away"
    KEYS_ROTATED = "keys rotated"
    LEDGER_AWAY = "ledger away"
    LEDGER_SILENT = "ledger silent"
    LEDGER_LOSES_ANSWERS = "ledger's answers lost"
    STORAGE_AWAY = "storage away"


EVERY_SECONDS: Final = 3.5
"""Between two faults, on average."""
LENGTHS: Final = (1.5, 4.5)
"""How long a fault lasts, in seconds."""
CALM_SHARE: Final = 0.25
"""Of a round, when nothing new goes wrong and what is under way comes to its end."""
ROTATION_SECONDS: Final = 35.0
"""A service asks for keys that it does not know at most every 30 s."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fault.

    Attributes:
        at: When it begins, in seconds from the beginning of its round.
        fault: What it is.
        seconds: How long it lasts.
    """

    at: float
    fault: Fault
    seconds: float


def plan(seed: int, seconds: float, rounds: int) -> list[list[Event]]:
    """Return what goes wrong in each round.

    Every fault has its turn before any of them comes again.

    Args:
        seed: Of the dice.
        seconds: Of all rounds together.
        rounds: How many.
    """
    dice = Random(seed)  # noqa: S311 - it must be told by its seed
    length = seconds / rounds
    storm = length * (1 - CALM_SHARE) - LENGTHS[1]
    many = max(3, round(storm / EVERY_SECONDS))
    waiting: list[Fault] = []
    drawn: list[list[Event]] = []
    rotated = -ROTATION_SECONDS
    for number in range(rounds):
        times = sorted(dice.uniform(1, max(2, storm)) for _ in range(many))
        events = []
        for at in times:
            waiting = waiting or _shuffled(dice)
            fault = waiting.pop()
            if fault is Fault.KEYS_ROTATED:
                now = number * length + at
                if now - rotated < ROTATION_SECONDS:
                    continue
                rotated = now
            events.append(Event(round(at, 2), fault, round(dice.uniform(*LENGTHS), 2)))
        drawn.append(events)
    return drawn


def _shuffled(dice: Random) -> list[Fault]:
    faults: Sequence[Fault] = list(Fault)
    return dice.sample(faults, len(faults))
