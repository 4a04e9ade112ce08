"""Keys of users' own in Supabase's Postgres, which sees nothing but ciphertexts."""

from typing import Any, Final, TypeVar
from uuid import uuid4

import structlog
from pydantic import AwareDatetime, BaseModel, SecretStr, ValidationError

from shared_schema import own_keys as schema
from transcription.errors import (
    BackendUnavailable,
    OwnKeyUnreadable,
    RateLimited,
)
from transcription.identity.verifier import User
from transcription.rpc import Rpc, refuse_account
from transcription.user_keys.base import OwnKey
from transcription.user_keys.key_ring import KeyRing, Place, Sealed, UnreadableError

ATTEMPTS: Final = 20
"""Keys that a user may store or test in a window."""
WINDOW_SECONDS: Final = 600

_log = structlog.get_logger(__name__)


class _Row(BaseModel):
    """What a user's row says, without the key."""

    provider: str
    last_four: str
    created_at: AwareDatetime
    used_at: AwareDatetime | None
    tested_at: AwareDatetime | None
    refused_at: AwareDatetime | None

    def told(self, *, is_readable: bool = True) -> schema.OwnKey:
        """Return its description for the owner."""
        state: schema.OwnKeyState = "works" if self.tested_at is not None else "untested"
        if self.refused_at is not None:
            state = "refused"
        return schema.OwnKey(
            provider=self.provider,
            stored=True,
            last_four=self.last_four,
            state=state if is_readable else "unreadable",
            created_at=self.created_at,
            used_at=self.used_at,
            tested_at=self.tested_at,
        )


R = TypeVar("R", bound=_Row)


class _SealedRow(_Row):
    id: str
    ring_key: str
    sealed: str


class SupabaseOwnKeys:
    """Keys of users' own for one provider.

    Args:
        rpc: With the secret key.
        ring: Seals and opens them.
        provider: Whose keys they are.
    """

    def __init__(self, rpc: Rpc, ring: KeyRing, provider: str) -> None:
        self._rpc = rpc
        self._ring = ring
        self._provider = provider

    async def find(self, user: User) -> OwnKey | None:  # noqa: D102 - as the protocol says
        row = None if user.is_anonymous else await self._row(user)
        if row is None:
            return None
        return OwnKey(row.id, self._open(row, user), row.refused_at is not None)

    async def mark(self, key: OwnKey, *, works: bool) -> None:  # noqa: D102
        try:
            await self._mark(key.id, works=works, tested=False)
        except BackendUnavailable:
            _log.warning("own_key_not_marked")

    async def describe(self, user: User) -> schema.OwnKey:
        """Return the description of a user's key.

        Raises:
            BackendUnavailable: that is unknown now.
        """
        row = await self._row(user)
        if row is None:
            return schema.OwnKey(provider=self._provider, stored=False)
        try:
            self._open(row, user)
        except OwnKeyUnreadable:
            return row.told(is_readable=False)
        return row.told()

    async def store(self, user: User, secret: SecretStr) -> schema.OwnKey:
        """Keep a key, in place of the one that was there.

        Raises:
            Forbidden: the account is suspended.
            Unauthenticated: the account is gone.
            BackendUnavailable: it is not stored, or that is unknown.
        """
        place = Place(user.id, self._provider, str(uuid4()))
        sealed = self._ring.seal(secret, place)
        answer = await self._rpc.call(
            "store_own_key",
            user_id=user.id,
            provider=self._provider,
            id=place.id,
            ring_key=sealed.ring_key,
            sealed=sealed.text,
            last_four=secret.get_secret_value()[-4:],
        )
        _refuse(answer)
        return _read(_Row, answer).told()

    async def remove(self, user: User) -> None:
        """Forget a user's key, if there is one.

        Raises:
            BackendUnavailable: it is unknown whether it is deleted.
        """
        await self._rpc.call("remove_own_key", user_id=user.id, provider=self._provider)

    async def tested(self, key: OwnKey, *, works: bool) -> schema.OwnKey | None:
        """Keep the outcome of a test; None where the key was replaced or removed meanwhile.

        Raises:
            BackendUnavailable: it is not stored, or that is unknown.
        """
        answer = await self._mark(key.id, works=works, tested=True)
        return _read(_Row, answer).told() if answer is not None else None

    async def claim_attempt(self, user: User) -> None:
        """Count a storing or a test.

        Raises:
            RateLimited: there were too many.
            Forbidden: the account is suspended.
            Unauthenticated: the account is gone.
            BackendUnavailable: they cannot be counted now.
        """
        _refuse(
            await self._rpc.call(
                "claim_own_key_attempt",
                user_id=user.id,
                most_attempts=ATTEMPTS,
                window_seconds=WINDOW_SECONDS,
            )
        )

    async def _row(self, user: User) -> _SealedRow | None:
        answer = await self._rpc.call("own_key", user_id=user.id, provider=self._provider)
        return _read(_SealedRow, answer) if answer is not None else None

    def _open(self, row: _SealedRow, user: User) -> SecretStr:
        # The user is the one who calls, and not the one that the row names: a row that was moved
        # to another user, by whatever mistake, cannot be decrypted.
        place = Place(user.id, self._provider, row.id)
        try:
            return self._ring.open(Sealed(row.ring_key, row.sealed), place)
        except UnreadableError as error:
            _log.error("own_key_unreadable", ring_key=error.ring_key, known=error.known)
            raise OwnKeyUnreadable(
                "Your own key can no longer be read here. Please store it again, or delete it."
            ) from None

    async def _mark(self, key_id: str, *, works: bool, tested: bool) -> Any:
        return await self._rpc.call("mark_own_key", own_key_id=key_id, works=works, tested=tested)


def _refuse(answer: Any) -> None:
    if isinstance(answer, dict) and "code" in answer:
        refuse_account(answer)
        refusal = RateLimited if answer["code"] == RateLimited.code else BackendUnavailable
        raise refusal(retry_after=answer.get("retry_after"))


def _read(shape: type[R], answer: object) -> R:
    try:
        return shape.model_validate(answer)
    except ValidationError as error:
        # The functions of the database are of another version than this code.
        _log.error("own_key_answer_not_understood", faults=error.error_count())
        raise BackendUnavailable from None
