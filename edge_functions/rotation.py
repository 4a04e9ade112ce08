"""Users' own keys are sealed anew with the ring's first key, so that an older one can go."""

from dataclasses import dataclass
from typing import Final

import structlog

from transcription.rpc import Rpc
from transcription.user_keys.key_ring import KeyRing, Place, Sealed, UnreadableError

AT_ONCE: Final = 100
"""Keys in one call of the database."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Rotated:
    """How many there were."""

    resealed: int = 0
    unreadable: int = 0
    """Left as they are: their owners have to store them again."""
    left: int = 0
    """Replaced or deleted meanwhile."""


async def rotate(rpc: Rpc, ring: KeyRing, *, at_once: int = AT_ONCE) -> Rotated:
    """Seal anew what another key of the ring has sealed. To do so again is harmless.

    Args:
        rpc: With the secret key.
        ring: Its first key seals; the others open.
        at_once: Keys in one call.

    Raises:
        BackendUnavailable: some are left; rotate again.
    """
    rotated, after = Rotated(), None
    while True:
        rows = await rpc.call(
            "own_keys_to_rotate", current_ring_key=ring.current, after=after, most=at_once
        )
        if not rows:
            _log.info("own_keys_rotated", resealed=rotated.resealed, unreadable=rotated.unreadable)
            return rotated
        after = rows[-1]["id"]
        resealed = []
        for row in rows:
            place = Place(row["user_id"], row["provider"], row["id"])
            try:
                secret = ring.open(Sealed(row["ring_key"], row["sealed"]), place)
            except UnreadableError as error:
                _log.error("own_key_unreadable", ring_key=error.ring_key, known=error.known)
                rotated.unreadable += 1
                continue
            sealed = ring.seal(secret, place)
            resealed.append(
                {
                    "id": row["id"],
                    "was_ring_key": row["ring_key"],
                    "ring_key": sealed.ring_key,
                    "sealed": sealed.text,
                }
            )
        done = await rpc.call("reseal_own_keys", resealed=resealed)
        rotated.resealed += done
        rotated.left += len(resealed) - done
