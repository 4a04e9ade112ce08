"""The ledger: seconds and money are reserved before the work and settled after it.

The duty of a caller: `open`, then `touch` within every lease, then `close` exactly once.
"""

import math
from collections.abc import Mapping
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from shared_schema.account import Usage
from transcription.identity.verifier import User

Kind = Literal["realtime", "batch"]
CutBy = Literal["max_duration", "quota_exceeded", "budget_exceeded"]
LeaseState = Literal["open", "expired", "replaced", "revoked", "closed", "unknown"]
Outcome = Literal["complete", "partial", "failed"]

MINIMUM_SECONDS: Final = 3.0
"""The shortest grant that is worth opening a session for."""
LEASE_SECONDS: Final = 30
"""A live session that is not touched for this long counts as dead."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Grant(_Answer):
    """What was reserved."""

    id: str
    granted_seconds: float
    """Audio seconds that may be used."""
    cut_by: CutBy
    """What keeps it from being longer: the reason to tell when it runs out."""
    credit_seconds: float = math.inf
    """Audio seconds that may be handed over before a heartbeat brings more: what the ledger
    charges a session that falls silent."""


class Lease(_Answer):
    """What the ledger thinks of a session at a heartbeat."""

    id: str
    state: LeaseState
    granted_seconds: float | None
    """May be less than before when a lease was revived; None: `unknown`."""
    credit_seconds: float | None = None
    """As of a grant. It never falls."""


class Settlement(_Answer):
    """What a session was charged."""

    counted: bool
    """False: it had been settled before; the figures are those of then."""
    charged_seconds: float
    returned_seconds: float
    cost_microdollars: int


class Ledger(Protocol):
    """Where seconds are reserved and settled."""

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
        """Reserve up to `seconds` of audio and a place.

        A call that is cancelled, or fails without an answer, leaves nothing reserved for long.

        Args:
            user: Who pays.
            kind: Each has limits of its own.
            provider: With `model`, names the price.
            model: With `provider`, names the price.
            seconds: The most that the session may use; of a file, its duration.
            minimum_seconds: Less is refused; of a file, its duration.
            lease_seconds: Of a live session, the longest silence between two touches; of a file,
                the deadline of the whole call.
            address: Of the caller. All anonymous users behind one address share a limit.
            replaces: A session whose place moves to this one; the grant is what that one left.
            own_key: The provider bills the user: it costs nothing here, and no quota or budget
                counts it. Every other limit holds.

        Raises:
            SessionLimit: the user has too much open, or open work has reserved the rest.
            QuotaExceeded: less than `minimum_seconds` are left today.
            BudgetExceeded: the deployment's budget for the day is used up.
            Capacity: the deployment has too much open.
            Forbidden: `replaces` is not this user's, or the plan has nothing of this kind.
            Unauthenticated: the account is gone.
            LedgerUnavailable: nothing can be reserved now.
        """

    async def touch(self, audio_seconds: Mapping[str, float]) -> Mapping[str, Lease]:
        """Prolong leases: how much audio each session has used so far, by session.

        Raises:
            LedgerUnavailable: nothing was prolonged; sessions go on.
        """

    async def close(
        self,
        session_id: str,
        *,
        audio_seconds: float,
        status: Outcome,
        reason: str | None = None,
    ) -> Settlement | None:
        """Settle a session with what it used; the rest of its grant returns.

        Never fails: None means that the ledger is away and the settlement is kept for it.
        """

    async def start_direct(self, user: User, session_id: str, *, most_in_a_minute: int) -> None:
        """Mark a session just opened as carried by its client: it gets no heartbeats.

        Its use is what the wall clock allows. Who is refused closes the session.

        Raises:
            SessionLimit: the user has started too many within a minute.
            LedgerUnavailable: nothing was said.
        """

    async def settle_direct(
        self, user: User, session_id: str, *, audio_seconds: float, minimum_seconds: float
    ) -> Settlement:
        """Settle a session with what its client says, if that is more than the wall clock allows.

        Args:
            user: Whose session it is.
            session_id: One that `start_direct` was told of.
            audio_seconds: As the client says.
            minimum_seconds: The least that is charged.

        Raises:
            NotFound: there is no such session of this user's.
            LedgerUnavailable: it was not settled, and is charged its whole grant in the end.
        """

    async def usage(self, user: User) -> Usage:
        """Return what a user has used today, and may.

        Raises:
            LedgerUnavailable: it cannot be read now.
        """
