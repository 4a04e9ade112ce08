"""Which core is whose: the relay under test has one for itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Cores:
    """Who may run where.

    Attributes:
        relay: The one core of the relay.
        others: Those of the load generator, the fake provider and the ledger's double.
    """

    relay: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> Self:
        """Split the cores that this process may use; with a single one, all share it."""
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset({first}), frozenset(rest or {first}))

    def __str__(self) -> str:
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
