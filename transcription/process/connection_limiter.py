"""A limit on connections, in all and from one network; at the limit, the oldest is evicted.

An honest client is through the handshake within a moment. So at the limit, a connection that is
older than that is evicted for the one that comes; where none is that old, the new one is refused.
Neither clients that stay for ever nor clients that come all at once can keep the others out.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from transcription.process.addresses import network_of

GRACE_SECONDS: Final = 1.0
"""Longer than the round trips of a handshake from the other side of the world."""


class Evictable(Protocol):
    """A connection that counts."""

    def evict(self) -> bool:
        """Close for a connection that comes, or return False and stay."""


class ConnectionLimiter:
    """The connections that count, oldest first.

    Attributes:
        limit: Connections in all.

    Args:
        limit: Connections in all.
        per_network: Connections from one network; see `network_of`.
        grace_seconds: Age below which none is evicted.
    """

    def __init__(
        self, *, limit: int, per_network: int, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self.limit = limit
        self._per_network = per_network
        self._grace = grace_seconds
        self._arrived: dict[Evictable, float] = {}
        self._network: dict[Evictable, str] = {}
        self._of_network: dict[str, dict[Evictable, float]] = {}

    def __len__(self) -> int:
        return len(self._arrived)

    def arrive(self, connection: Evictable, address: str | None, now: float) -> bool:
        """Count a connection; False where it is refused.

        Args:
            connection: The one that comes.
            address: Its IP address; None where it is not known, for no network's share.
            now: Monotonic seconds.
        """
        network = network_of(address)
        neighbours = self._of_network.get(network, {}) if network is not None else {}
        if len(neighbours) >= self._per_network and not self._make_room(neighbours, now):
            return False
        if len(self._arrived) >= self.limit and not self._make_room(self._arrived, now):
            return False
        self._arrived[connection] = now
        if network is not None:
            self._network[connection] = network
            self._of_network.setdefault(network, {})[connection] = now
        return True

    def leave(self, connection: Evictable) -> None:
        """A connection is closed; to say it twice is harmless."""
        self._arrived.pop(connection, None)
        network = self._network.pop(connection, None)
        if network is not None:
            neighbours = self._of_network[network]
            del neighbours[connection]
            if not neighbours:
                del self._of_network[network]

    def _make_room(self, connections: Mapping[Evictable, float], now: float) -> bool:
        for connection, arrived in connections.items():
            if now - arrived < self._grace:
                return False  # and so are all that came later
            if connection.evict():
                self.leave(connection)
                return True
        return False
