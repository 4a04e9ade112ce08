"""Laws of a whole run, in small."""

from pathlib import Path

import pytest

from chaos.breaks import Break
from chaos.invariants import Law
from chaos.plan import Event, Fault
from chaos.run import running

STORM = [
    Event(1.0, Fault.BRIDGE_KILLED, 1.0),
    Event(2.0, Fault.LEDGER_LOSES_ANSWERS, 1.5),
    Event(4.0, Fault.PROVIDER_DROPS, 2.0),
    Event(5.0, Fault.POSTGRES_CRASHES, 1.0),
]


@pytest.mark.process
@pytest.mark.timeout(600)
async def test_a_storm_breaks_what_is_broken_on_purpose_and_nothing_else(tmp_path: Path) -> None:
    """Where settlements are forged on their way, the run names that law, and every other holds.

    But for one that stands on it: seconds that are not charged can be had once more, so a user
    who hops fast enough may get more than their limit.
    """
    async with running(tmp_path, 1, Break.CHARGE, lambda _: None) as run:
        outcome = await run.all([STORM], 10.0)
    laws = {broken.law for broken in outcome.broken}
    assert Law.CHARGED in laws, outcome.broken
    assert laws <= {Law.CHARGED, Law.LIMIT}, outcome.broken
    seen = outcome.evidence
    assert seen.faults.total() == len(STORM)
    assert seen.recordings
    assert seen.files
    assert seen.lines
    assert outcome.ledger
