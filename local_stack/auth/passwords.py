"""Passwords, kept as argon2id hashes."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST = 72  # what bcrypt takes: so many go on the platform


class Passwords:
    """Hashes passwords, and compares them with hashes.

    Args:
        hasher: How dear a hash is.
    """

    # OWASP's "Password Storage Cheat Sheet": the least memory that it recommends for argon2id.
    USUAL = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

    def __init__(self, hasher: PasswordHasher = USUAL) -> None:
        self._hasher = hasher

    async def hashed(self, password: str) -> str:
        """A new hash; computed off the event loop, for it is meant to take its time."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, against: str | None) -> bool:
        """Whether a password is the one that was hashed.

        Args:
            password: As typed.
            against: Its hash; ``None`` where there is none, which takes as long to refuse.
        """
        return await asyncio.to_thread(self._matches, password, against)

    def _matches(self, password: str, against: str | None) -> bool:
        if not against:
            self._hasher.hash(password)
            return False
        try:
            return self._hasher.verify(against, password)
        except (VerificationError, InvalidHashError):
            return False
