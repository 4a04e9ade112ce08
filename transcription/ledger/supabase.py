"""The ledger in Supabase's Postgres.

Postgres decides (`supabase/migrations`), so that any number of replicas agree.
"""

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from shared_schema.account import Usage
from transcription.errors import (
    BackendUnavailable,
    BudgetExceeded,
    Capacity,
    Forbidden,
    LedgerUnavailable,
    NotFound,
    QuotaExceeded,
    SessionLimit,
    TranscriptionError,
)
from transcription.identity.verifier import User
from transcription.ledger.base import (
    LEASE_SECONDS,
    MINIMUM_SECONDS,
    Grant,
    Kind,
    Lease,
    Outcome,
    Settlement,
)
from transcription.ledger.session_id import session_id
from transcription.ledger.settlements import Close, Settlements
from transcription.rpc import BackendUnreached, Rpc, refuse_account

DRAIN_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
"""Longer than Postgres itself lets a statement of the API wait or run."""

T = TypeVar("T")

_grant: Final = TypeAdapter(Grant)
_leases: Final = TypeAdapter(list[Lease])
_settlement: Final = TypeAdapter(Settlement)
_usage: Final = TypeAdapter(Usage)

_log = structlog.get_logger(__name__)


class LedgerUnreached(LedgerUnavailable):
    """The call surely never arrived: nothing was done."""


class SupabaseLedger:
    """The ledger in Supabase's Postgres; an async context manager.

    Args:
        rpc: With the secret key.
        drain_seconds: How long the end of the block waits for settlements that are left.
        answer_seconds: After this an `open` that was given up can no longer arrive.
    """

    def __init__(
        self,
        rpc: Rpc,
        *,
        drain_seconds: float = DRAIN_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._rpc = rpc
        self._drain_seconds = drain_seconds
        self._answer_seconds = answer_seconds
        self._settlements = Settlements(self._settle_again)
        self._tasks = asyncio.TaskGroup()
        self._worker: asyncio.Task[None]

    @property
    def pending(self) -> int:
        """How many settlements the ledger has not taken yet."""
        return len(self._settlements)

    async def __aenter__(self) -> Self:
        """Begin to work off settlements."""
        await self._tasks.__aenter__()
        self._worker = self._tasks.create_task(self._settlements.run(), name="ledger-settlements")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Settle what can be settled, and leave the rest to the leases."""
        self._worker.cancel()
        await self._tasks.__aexit__(exc_type, exc, traceback)
        await self._settlements.drain(self._drain_seconds)

    async def open(  # noqa: D102 - as the protocol says
        self,
        user: User,
        *,
        kind: Kind,
        provider: str,
        model: str,
        seconds: float,
        minimum_seconds: float = MINIMUM_SECONDS,
        lease_seconds: int = LEASE_SECONDS,
        address: str | None = None,
        replaces: str | None = None,
        own_key: bool = False,
    ) -> Grant:
        name = session_id()
        try:
            answer = await self._call(
                "open_transcription",
                session_id=name,
                user_id=user.id,
                kind=kind,
                provider=provider,
                model=model,
                requested_seconds=seconds,
                minimum_seconds=min(minimum_seconds, seconds),
                lease_seconds=lease_seconds,
                is_anonymous=user.is_anonymous,
                address=_address(address),
                replaces=replaces,
                **({"own_key": True} if own_key else {}),
            )
        except LedgerUnreached:
            raise
        except (LedgerUnavailable, asyncio.CancelledError):
            # It may have been reserved, or be about to, and will not be used.
            until = time.monotonic() + self._answer_seconds
            self._settlements.add(Close(name, 0.0, "failed", "unanswered", until))
            raise
        if isinstance(answer, dict) and "code" in answer:
            _refuse(answer, replaces)
        return _read(_grant, answer)

    async def touch(self, audio_seconds: Mapping[str, float]) -> Mapping[str, Lease]:  # noqa: D102
        answer = await self._call(
            "touch_transcriptions",
            session_ids=list(audio_seconds),
            audio_seconds=list(audio_seconds.values()),
        )
        return {lease.id: lease for lease in _read(_leases, answer)}

    async def close(  # noqa: D102
        self,
        session_id: str,
        *,
        audio_seconds: float,
        status: Outcome,
        reason: str | None = None,
    ) -> Settlement | None:
        close = Close(session_id, audio_seconds, status, reason)
        try:
            return await self._settle(close)
        except LedgerUnavailable:
            self._settlements.add(close)
            return None
        except asyncio.CancelledError:
            self._settlements.add(close)
            raise

    async def start_direct(  # noqa: D102
        self, user: User, session_id: str, *, most_in_a_minute: int
    ) -> None:
        answer = await self._call(
            "start_direct_transcription",
            session_id=session_id,
            user_id=user.id,
            most_in_a_minute=most_in_a_minute,
        )
        if isinstance(answer, dict) and "code" in answer:
            _refuse(answer, None)

    async def settle_direct(  # noqa: D102
        self, user: User, session_id: str, *, audio_seconds: float, minimum_seconds: float
    ) -> Settlement:
        answer = await self._call(
            "settle_direct_transcription",
            session_id=session_id,
            user_id=user.id,
            audio_seconds=audio_seconds,
            minimum_seconds=minimum_seconds,
        )
        if isinstance(answer, dict) and "code" in answer:
            raise NotFound("There is no such session.")
        return _read(_settlement, answer)

    async def usage(self, user: User) -> Usage:  # noqa: D102
        answer = await self._call("usage_today", user_id=user.id, is_anonymous=user.is_anonymous)
        return _read(_usage, answer)

    async def _call(self, function: str, **arguments: Any) -> Any:
        try:
            return await self._rpc.call(function, **arguments)
        except BackendUnavailable as error:
            reached = not isinstance(error, BackendUnreached)
            failure = LedgerUnavailable if reached else LedgerUnreached
            raise failure(retry_after=error.retry_after) from None

    async def _settle(self, close: Close) -> Settlement | None:
        """Settle; None when the ledger knows no such session."""
        answer = await self._call(
            "close_transcription",
            session_id=close.session_id,
            audio_seconds=close.audio_seconds,
            status=close.status,
            reason=close.reason,
        )
        if isinstance(answer, dict) and "code" in answer:
            if close.opens_until is None:
                _log.error("settlement_of_no_session", session_id=close.session_id)
            return None
        return _read(_settlement, answer)

    async def _settle_again(self, close: Close) -> bool:
        return await self._settle(close) is not None


_REFUSALS: Final[Mapping[str, type[TranscriptionError]]] = {
    kind.code.value: kind for kind in (QuotaExceeded, BudgetExceeded, Capacity)
}


def _refuse(answer: dict[str, Any], replaces: str | None) -> NoReturn:
    code, retry_after = answer["code"], answer.get("retry_after")
    if code == SessionLimit.code:
        raise SessionLimit(retry_after=retry_after, open_sessions=answer.get("open_sessions", ()))
    refuse_account(answer)
    if code == Forbidden.code:
        raise Forbidden(
            "Your plan does not include this." if replaces is None else "Not a session of yours."
        )
    refusal = _REFUSALS.get(code)
    if refusal is None:
        _log.error("ledger_answer_not_understood", code=code)
        raise LedgerUnavailable
    raise refusal(retry_after=retry_after)


def _read(shape: TypeAdapter[T], answer: object) -> T:
    try:
        return shape.validate_python(answer)
    except ValidationError as error:
        # The functions of the database are of another version than this code.
        _log.error("ledger_answer_not_understood", faults=error.error_count())
        raise LedgerUnavailable from None


@lru_cache(maxsize=1024)
def _address(text: str | None) -> str | None:
    """Return an address as Postgres reads it; None for what is none, such as a socket's path."""
    if text is None:
        return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
