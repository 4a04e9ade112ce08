"""Laws of the plan: what goes wrong when."""

from itertools import chain, pairwise

import pytest

from chaos.plan import ROTATION_SECONDS, Fault, plan

LENGTH = 180.0
ROUNDS = 3


def test_a_seed_tells_the_plan() -> None:
    """The same seed gives the same faults at the same times, and another seed gives others."""
    assert plan(7, LENGTH, ROUNDS) == plan(7, LENGTH, ROUNDS)
    assert plan(7, LENGTH, ROUNDS) != plan(8, LENGTH, ROUNDS)


@pytest.mark.parametrize("seed", range(20))
def test_every_fault_has_its_turn(seed: int) -> None:
    """In three minutes everything goes wrong at least once, and each round ends in calm."""
    storms = plan(seed, LENGTH, ROUNDS)
    assert {event.fault for event in chain(*storms)} == set(Fault)
    for storm in storms:
        assert [event.at for event in storm] == sorted(event.at for event in storm)
        assert all(event.at > 0 and event.at + event.seconds < 0.8 * LENGTH / 3 for event in storm)


@pytest.mark.parametrize("seed", range(20))
def test_keys_are_not_rotated_faster_than_services_ask(seed: int) -> None:
    """Between two rotations lies more than the services' pause between two questions for keys."""
    length = 1200.0
    rotations = [
        number * length + event.at
        for number, storm in enumerate(plan(seed, ROUNDS * length, ROUNDS))
        for event in storm
        if event.fault is Fault.KEYS_ROTATED
    ]
    assert len(rotations) > 1
    assert all(after - before >= ROTATION_SECONDS - 0.1 for before, after in pairwise(rotations))
