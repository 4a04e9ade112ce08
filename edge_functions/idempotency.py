"""`Idempotency-Key`: the same request of the same caller is done, and charged, once a day."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import structlog
from pydantic import BaseModel

from transcription.errors import BackendUnavailable, InvalidMessage, RequestInProgress
from transcription.identity.verifier import User
from transcription.rpc import Rpc, refuse_account

RETRY_AFTER_SECONDS: Final = 2.0
"""Until a caller who asks again while the first request is under way should do so once more."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the same request was answered."""

    status: int
    """HTTP status."""
    answer: Any
    """JSON."""


@dataclass(slots=True)
class Turn:
    """A request's turn: either it was answered before, or it is to be done now."""

    answered: Answered | None = None
    kept: Answered | None = field(default=None, init=False)

    def keep(self, status: int, answer: Any) -> None:
        """Answer the same request with this from now on."""
        self.kept = Answered(status, answer)


class Idempotency:
    """Gives requests their turns. Keys and answers are kept in Postgres, for a day.

    Args:
        rpc: With the secret key.
        hold_seconds: The longest that one turn can take; at most 3600.
    """

    def __init__(self, rpc: Rpc, *, hold_seconds: int) -> None:
        self._rpc = rpc
        self._hold_seconds = hold_seconds

    @asynccontextmanager
    async def turn(self, user: User, key: str | None, request: str) -> AsyncIterator[Turn]:
        """Give a request its turn; what the block keeps is the answer, a failure frees the key.

        Args:
            user: The caller.
            key: As the caller sent it, 1 to 255 characters; None does it without a memory.
            request: Its `fingerprint`.

        Raises:
            RequestInProgress: the same request is under way.
            InvalidMessage: the key was used for another request.
            Forbidden: the account is suspended.
            Unauthenticated: the account is gone.
            BackendUnavailable: the keys cannot be read now.
        """
        if key is None:
            yield Turn()
            return
        claim = {"user_id": user.id, "key": key, "claim": str(uuid4())}
        answer = await self._rpc.call(
            "claim_idempotency_key", **claim, fingerprint=request, hold_seconds=self._hold_seconds
        )
        match answer:
            case {"state": "answered", "status": int(status), "answer": kept}:
                yield Turn(Answered(status, kept))
                return
            case {"state": "mismatch"}:
                raise InvalidMessage("This Idempotency-Key was used for another request.")
            case {"state": "in_progress"}:
                raise RequestInProgress(retry_after=RETRY_AFTER_SECONDS)
            case {"state": "claimed"}:
                turn = Turn()
            case {"code": str()}:
                refuse_account(answer)
                raise BackendUnavailable
            case _:
                raise BackendUnavailable
        try:
            yield turn
        finally:
            await self._end(claim, turn.kept)

    async def _end(self, claim: dict[str, str], kept: Answered | None) -> None:
        try:
            if kept is None:
                await self._rpc.call("release_idempotency_key", **claim)
            else:
                await self._rpc.call(
                    "answer_idempotency_key", **claim, status=kept.status, answer=kept.answer
                )
        except BackendUnavailable:
            # The work is done. The key stays held for its time, which refuses a second run.
            _log.warning("idempotency_key_left_held")


def fingerprint(route: str, source: str, asked: BaseModel) -> str:
    """Return what makes a request this one, as hexadecimal digits.

    The SHA-256 of its canonical JSON (RFC 8785): a retry may meet the service in another language.

    Args:
        route: Its last part.
        source: The recording's path in storage, or the SHA-256 of the file that was sent.
        asked: What is asked for; what is left out counts as its default.
    """
    options = asked.model_dump(mode="json", exclude={"storage_path"}, exclude_none=True)
    canonical = json.dumps(
        [route, source, options], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return sha256(canonical.encode()).hexdigest()
