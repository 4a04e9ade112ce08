"""Names of sessions: they rise with time, so that a day's rows lie together in every index."""

import secrets
import time
from uuid import UUID


def session_id() -> str:
    """Return a new UUID of version 7 (RFC 9562): 48 bits of milliseconds, 74 of chance."""
    milliseconds = time.time_ns() // 1_000_000
    chance = secrets.randbits(74)
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (chance >> 62) << 64
    return str(UUID(int=value | 0b10 << 62 | chance & (1 << 62) - 1))
