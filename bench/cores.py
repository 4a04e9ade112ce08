"""Which core is whose: a relay under test has one for itself, or all share what there is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Cores:
    """Who may run where.

    Attributes:
        relay: The one core of the relay; those of all relays where they share them.
        others: Those of the load generator, the fake provider and the ledger's double.
    """

    relay: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> Self:
        """Split the cores that this process may use; with a single one, all share it."""
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset({first}), frozenset(rest or {first}))

    @classmethod
    def shared(cls) -> Self:
        """Let everyone run on every core that this process may use, as the kernel sees fit."""
        every = frozenset(os.sched_getaffinity(0))
        return cls(every, every)

    def __str__(self) -> str:
        if self.relay == self.others:
            shared = ",".join(map(str, sorted(self.relay)))
            return f"relays, load generator, fake provider and ledger share cores {shared}"
        relay, others = (",".join(map(str, sorted(each))) for each in (self.relay, self.others))
        return f"relay on core {relay}, load generator, fake provider and ledger on {others}"


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Pin this thread, and so each process that it starts, to `cores` until the block ends."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
