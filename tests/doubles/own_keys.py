"""Users' own keys in memory, for tests that are not about keeping them."""

from dataclasses import dataclass, field

from pydantic import SecretStr

from transcription.identity.verifier import User
from transcription.user_keys.base import OwnKey


@dataclass
class MemoryOwnKeys:
    """Has the keys that it is given, by user.

    Attributes:
        stored: Of each user: a key, or what is raised when it is looked for.
        marks: What became of keys, in order.
        looked: How often one was looked for.
    """

    stored: dict[str, str | Exception] = field(default_factory=dict)
    was_refused: bool = False
    marks: list[bool] = field(default_factory=list)
    looked: int = 0

    async def find(self, user: User) -> OwnKey | None:
        """Return a user's key."""
        self.looked += 1
        found = None if user.is_anonymous else self.stored.get(user.id)
        if isinstance(found, Exception):
            raise found
        return OwnKey(user.id, SecretStr(found), self.was_refused) if found is not None else None

    async def mark(self, key: OwnKey, *, works: bool) -> None:
        """Remember it."""
        self.marks.append(works)
