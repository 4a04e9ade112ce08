"""`Idempotency-Key`: the same request of the same caller is done, and charged, once a day."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

import structlog
from pydantic import BaseModel

from transcription.errors import BackendUnavailable, InvalidMessage, RequestInProgress
from transcription.idempotency import Answered, Claimed, InProgress, Mismatch
from transcription.identity.verifier import User

RETRY_AFTER_SECONDS: Final = 2.0
"""Until somebody who asks again while the first request is under way should do so once more."""

_log = structlog.get_logger(__name__)


class Keys(Protocol):
    """Where keys and answers are kept; see `transcription.idempotency`."""

    async def claim(
        self, user: User, key: str, *, fingerprint: str, hold_seconds: int
    ) -> Claimed | Answered | InProgress | Mismatch:
        """Claim a key for a request."""
        ...

    async def answer(self, claim: Claimed, *, status: int, answer: Any) -> bool:
        """Keep the answer for a day."""
        ...

    async def release(self, claim: Claimed) -> bool:
        """Free the key after a failure that a retry may mend."""
        ...


@dataclass(slots=True)
class Turn:
    """A request's turn: either it was answered before, or it is to be done now."""

    answered: Answered | None = None
    kept: Answered | None = field(default=None, init=False)

    def keep(self, status: int, answer: Any) -> None:
        """Answer the same request with this from now on."""
        self.kept = Answered(status, answer)


class Idempotency:
    """Gives requests their turns.

    Args:
        keys: Where they are kept.
        hold_seconds: The longest that one turn can take.
    """

    def __init__(self, keys: Keys, *, hold_seconds: int) -> None:
        self._keys = keys
        self._hold_seconds = hold_seconds

    @asynccontextmanager
    async def turn(self, user: User, key: str | None, request: str) -> AsyncIterator[Turn]:
        """Give a request its turn; what the block keeps is the answer, a failure frees the key.

        Args:
            user: The caller.
            key: As the caller sent it; None does it without a memory.
            request: Its `fingerprint`.

        Raises:
            RequestInProgress: the same request is under way.
            InvalidMessage: the key was used for another request.
            BackendUnavailable: the keys cannot be read now.
        """
        if key is None:
            yield Turn()
            return
        claimed = await self._keys.claim(
            user, key, fingerprint=request, hold_seconds=self._hold_seconds
        )
        match claimed:
            case Mismatch():
                raise InvalidMessage("This Idempotency-Key was used for another request.")
            case InProgress():
                raise RequestInProgress(retry_after=RETRY_AFTER_SECONDS)
            case Answered():
                yield Turn(claimed)
                return
        turn = Turn()
        try:
            yield turn
        finally:
            await self._end(claimed, turn.kept)

    async def _end(self, claim: Claimed, kept: Answered | None) -> None:
        try:
            if kept is None:
                await self._keys.release(claim)
            else:
                await self._keys.answer(claim, status=kept.status, answer=kept.answer)
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
