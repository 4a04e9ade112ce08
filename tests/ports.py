"""TCP ports on loopback that nobody has, and that the kernel gives to nobody who asks for any."""

import random
from typing import Final

from chaos.fleet.ports import free_ports
from utter_transcribe.children import busy_port
from utter_transcribe.local import Local

_OFFSETS: Final = range(7_000, 11_000)
"""They put a stack's highest ports above those of outgoing connections, and the others below."""


def free_port() -> int:
    """Return a port that is free."""
    [port] = free_ports(1)
    return port


def room() -> int:
    """Return how far from the usual ports there is room for a stack."""
    while True:
        offset = random.choice(_OFFSETS)  # noqa: S311 - no secret
        if is_room(offset):
            return offset


def is_room(offset: int) -> bool:
    """Whether a stack could be started so far from the usual ports."""
    return busy_port(Local(offset).services()) is None
