"""A ledger in memory, for tests that are not about money."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from shared_schema.account import Usage, UsageOfKind
from tests.doubles.gate import Gate
from transcription.errors import LedgerUnavailable, NotFound
from transcription.identity.verifier import User
from transcription.ledger.base import (
    LEASE_SECONDS,
    MINIMUM_SECONDS,
    CutBy,
    Grant,
    Kind,
    Lease,
    LeaseState,
    Outcome,
    Settlement,
)


@dataclass
class Entry:
    """One session, as the ledger knows it."""

    user: User
    granted: float
    replaces: str | None
    address: str | None
    own_key: bool = False
    provider: str = ""
    touched: float | None = None
    """Seconds of audio at the last heartbeat."""
    settled: tuple[float, Outcome, str | None] | None = None
    direct: bool = False


@dataclass
class MemoryLedger:
    """Grants what it is told to, or refuses with `refusal`."""

    refusal: Exception | None = None
    granted_seconds: float | None = None
    cut_by: CutBy = "max_duration"
    lost: dict[str, LeaseState] = field(default_factory=dict)
    """What the next heartbeat finds of a session; `open` where nothing is said."""
    regranted: dict[str, float] = field(default_factory=dict)
    """Seconds to which the next heartbeat cuts a session's grant."""
    credit_seconds: float = math.inf
    """What may be handed over from one heartbeat to the next."""
    away: bool = False
    """Heartbeats fail."""
    opening: Gate = field(default_factory=Gate)
    """Holds up what opens a session."""
    closing: Gate = field(default_factory=Gate)
    """Holds up what settles one."""
    entries: dict[str, Entry] = field(default_factory=dict)
    touches: int = 0
    missed: int = 0

    @property
    def open_sessions(self) -> list[str]:
        """Sessions that were opened and not settled."""
        return [one for one, entry in self.entries.items() if entry.settled is None]

    async def open(
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
        """Grant, or refuse."""
        await self.opening.passed()
        if self.refusal is not None:
            raise self.refusal
        granted = self.granted_seconds if self.granted_seconds is not None else seconds
        session_id = str(uuid4())
        self.entries[session_id] = Entry(user, granted, replaces, address, own_key, provider)
        return Grant(
            id=session_id,
            granted_seconds=granted,
            cut_by=self.cut_by,
            credit_seconds=self.credited(session_id, 0),
        )

    async def touch(self, audio_seconds: Mapping[str, float]) -> Mapping[str, Lease]:
        """Prolong every lease but the lost ones."""
        if self.away:
            self.missed += 1
            raise LedgerUnavailable
        self.touches += 1
        for one, seconds in audio_seconds.items():
            self.entries[one].touched = seconds
        return {
            one: Lease(
                id=one,
                state=self.lost.get(one, "open"),
                granted_seconds=self.regranted.get(one, self.entries[one].granted),
                credit_seconds=self.credited(one, seconds),
            )
            for one, seconds in audio_seconds.items()
        }

    def credited(self, session_id: str, told: float) -> float:
        """Return the credit of a session that has told of so many seconds."""
        granted = self.regranted.get(session_id, self.entries[session_id].granted)
        return min(granted, told + self.credit_seconds)

    async def close(
        self, session_id: str, *, audio_seconds: float, status: Outcome, reason: str | None = None
    ) -> Settlement:
        """Settle once."""
        await self.closing.passed()
        entry = self.entries[session_id]
        counted = entry.settled is None
        if counted:
            entry.settled = (audio_seconds, status, reason)
        return Settlement(
            counted=counted,
            charged_seconds=audio_seconds,
            returned_seconds=entry.granted - audio_seconds,
            cost_microdollars=round(audio_seconds * 100),
        )

    async def start_direct(self, user: User, session_id: str, *, most_in_a_minute: int) -> None:
        """Take note of it."""
        self.entries[session_id].direct = True

    async def settle_direct(
        self, user: User, session_id: str, *, audio_seconds: float, minimum_seconds: float
    ) -> Settlement:
        """Settle with the claim."""
        if not self.entries[session_id].direct:
            raise NotFound
        return await self.close(session_id, audio_seconds=audio_seconds, status="complete")

    async def usage(self, user: User) -> Usage:
        """Return a day on which nothing was used."""
        nothing = UsageOfKind(
            used_seconds=0, reserved_seconds=0, limit_seconds=1800, cost_microdollars=0
        )
        return Usage(
            realtime=nothing,
            batch=nothing,
            cost_microdollars=0,
            open_sessions=(),
            max_open_sessions=1,
            resets_at=datetime.now(UTC),
        )
