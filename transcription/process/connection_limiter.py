"""Room for a number of guests, in all and from one network; when it is full, the oldest make way.

Whoever means well is through a waiting room within a moment. So when it is full, whoever has been
there for longer than that gives way to who comes, and when nobody has, who comes is turned away:
neither those who stay for ever nor those who come all at once can keep the others out.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from transcription.process.addresses import network_of

MOMENT_SECONDS: Final = 1.0
"""Longer than the round trips of a handshake from the other side of the world."""


class Guest(Protocol):
    """Somebody who takes room."""

    def give_way(self) -> bool:
        """Leave for somebody who comes, or return False and stay."""
        ...


class Crowd:
    """Who is here, oldest first.

    Attributes:
        room: Guests in all.

    Args:
        room: Guests in all.
        per_network: Guests from one network; see `network_of`.
        moment_seconds: Time within which nobody has to give way.
    """

    def __init__(
        self, *, room: int, per_network: int, moment_seconds: float = MOMENT_SECONDS
    ) -> None:
        self.room = room
        self._per_network = per_network
        self._moment = moment_seconds
        self._arrived: dict[Guest, float] = {}
        self._network: dict[Guest, str] = {}
        self._of_network: dict[str, dict[Guest, float]] = {}

    def __len__(self) -> int:
        return len(self._arrived)

    def arrive(self, guest: Guest, address: str | None, now: float) -> bool:
        """Let a guest in; False where there is no room.

        Args:
            guest: Who comes.
            address: Their IP address; None where it is not known, for no network's share.
            now: Monotonic seconds.
        """
        network = network_of(address)
        neighbours = self._of_network.get(network, {}) if network is not None else {}
        if len(neighbours) >= self._per_network and not self._make_room(neighbours, now):
            return False
        if len(self._arrived) >= self.room and not self._make_room(self._arrived, now):
            return False
        self._arrived[guest] = now
        if network is not None:
            self._network[guest] = network
            self._of_network.setdefault(network, {})[guest] = now
        return True

    def leave(self, guest: Guest) -> None:
        """A guest is gone; to say it twice is harmless."""
        self._arrived.pop(guest, None)
        network = self._network.pop(guest, None)
        if network is not None:
            neighbours = self._of_network[network]
            del neighbours[guest]
            if not neighbours:
                del self._of_network[network]

    def _make_room(self, guests: Mapping[Guest, float], now: float) -> bool:
        for guest, arrived in guests.items():
            if now - arrived < self._moment:
                return False  # and so are all that came later
            if guest.give_way():
                self.leave(guest)
                return True
        return False
