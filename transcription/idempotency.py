"""Idempotency keys: the same key and caller within a day get the same answer."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from transcription.errors import BackendUnavailable
from transcription.identity.verifier import User
from transcription.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Claimed:
    """The request is the caller's to do; then `answer` or `release` it."""

    user_id: str
    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """It was done before: this was the answer."""

    status: int
    """HTTP status."""
    answer: Any
    """JSON."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is under way."""

    retry_after: float
    """Seconds until it has ended one way or the other."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


class IdempotencyKeys:
    """The keys of all callers.

    Args:
        rpc: With the secret key.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    async def claim(
        self, user: User, key: str, *, fingerprint: str, hold_seconds: int
    ) -> Claimed | Answered | InProgress | Mismatch:
        """Claim a key for a request.

        Args:
            user: The caller.
            key: As the caller sent it; 1 to 255 characters.
            fingerprint: Of the request: its route and a digest of what it asks.
            hold_seconds: How long no other caller may do the same request; at most 3600.

        Raises:
            BackendUnavailable: the keys cannot be read now.
        """
        claim = Claimed(user.id, key, str(uuid4()))
        answer = await self._rpc.call(
            "claim_idempotency_key",
            user_id=user.id,
            key=key,
            fingerprint=fingerprint,
            claim=claim.id,
            hold_seconds=hold_seconds,
        )
        match answer:
            case {"state": "claimed"}:
                return claim
            case {"state": "answered", "status": int(status), "answer": kept}:
                return Answered(status, kept)
            case {"state": "in_progress", "retry_after": int() | float() as seconds}:
                return InProgress(float(seconds))
            case {"state": "mismatch"}:
                return Mismatch()
        raise BackendUnavailable

    async def answer(self, claim: Claimed, *, status: int, answer: Any) -> bool:
        """Keep the answer for a day.

        Returns:
            False when the hold had passed and another call took the request over.

        Raises:
            BackendUnavailable: it was not kept.
        """
        return await self._finish("answer_idempotency_key", claim, status=status, answer=answer)

    async def release(self, claim: Claimed) -> bool:
        """Free the key after a failure that a retry may mend.

        Raises:
            BackendUnavailable: it stays held until its time has passed.
        """
        return await self._finish("release_idempotency_key", claim)

    async def _finish(self, function: str, claim: Claimed, **arguments: Any) -> bool:
        done = await self._rpc.call(
            function, user_id=claim.user_id, key=claim.key, claim=claim.id, **arguments
        )
        return done is True
