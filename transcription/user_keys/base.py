"""Keys of users' own for the provider: who has one, and what became of it when it was used."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from transcription.identity.verifier import User


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A user's key."""

    id: str
    """Of this key: one that takes its place has another."""
    secret: SecretStr
    was_refused: bool
    """By the provider, when it was last used or tested."""


class OwnKeys(Protocol):
    """Where users' keys are kept."""

    async def find(self, user: User) -> OwnKey | None:
        """Return a user's key, if they have stored one. It is looked up each time.

        Raises:
            OwnKeyUnreadable: there is one, and it cannot be decrypted.
            BackendUnavailable: that is unknown now. No other key may be used instead.
        """

    async def mark(self, key: OwnKey, *, works: bool) -> None:
        """Record whether the provider accepted a key, for its owner. Never fails."""
