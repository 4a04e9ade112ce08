"""Sessions that their clients carry: seconds are reserved, a secret of the provider's is made.

Nobody of ours sees what flows then. A secret can be used more than once in its life, so it is made
with a key of the user's own, or with the deployment's for users whom the settings trust.
"""

import math
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, Literal

import structlog
from pydantic import SecretStr

from edge_functions.caller import Caller
from shared_schema.audio import SAMPLE_RATE, AudioFormat
from shared_schema.direct import RealtimeSettlement, RealtimeToken, RealtimeTokenRequest
from transcription import languages
from transcription.errors import (
    Forbidden,
    InternalError,
    NotFound,
    ProviderError,
    ProviderKeyRefused,
    TranscriptionError,
)
from transcription.identity.verifier import User
from transcription.ledger.base import Grant, Ledger, Settlement
from transcription.process import tracing
from transcription.process.metrics import Metrics
from transcription.process.record import TranscriptionRecord, log_transcription
from transcription.providers.base import REWIND_MARGIN_MS, Models, RealtimeOptions, SecretMint
from transcription.providers.fitting import FittedLive, fit_live
from transcription.user_keys.base import OwnKey, OwnKeys
from transcription.user_keys.providers import told_to_owner

SLACK_SECONDS: Final = 30
"""Of a lease, beyond the secret's life and the audio: the ways there and back."""
LONGEST_LEASE_SECONDS: Final = 3600
"""As the ledger allows."""
_KIND: Final = "realtime"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectOffer:
    """What this deployment offers to clients that talk to the provider by themselves."""

    provider_name: str
    wire: Literal["mistral"]
    default_model: str
    models: frozenset[str]
    """Those that a caller may name."""
    max_seconds: float
    """Longest session, in seconds of audio."""
    secret_seconds: int
    """How long a secret opens sockets, and the least that its session is charged."""
    secrets_per_minute: int
    """Of one user."""
    key: SecretStr | None
    """The deployment's; None where nobody is trusted with it."""
    trusts_anonymous: bool
    """Whether that holds for anonymous users as well."""


class DirectSessions:
    """Lets clients carry their sessions, within what the ledger grants.

    Args:
        mint: Makes the secrets.
        ledger: Reserves and settles seconds.
        metrics: Where refusals and settlements are counted.
        offer: What callers may ask for.
        own_keys: Where users' own keys are kept; None: they bring none.
        title: The provider's name for people.
        models: Tells what models can do; by default `mint` does.
    """

    def __init__(
        self,
        *,
        mint: SecretMint,
        ledger: Ledger,
        metrics: Metrics,
        offer: DirectOffer,
        own_keys: OwnKeys | None = None,
        title: str = "",
        models: Models | None = None,
    ) -> None:
        self._mint = mint
        self._ledger = ledger
        self._metrics = metrics
        self._offer = offer
        self._own_keys = own_keys
        self._title = title
        self._models = models if models is not None else mint

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._mint.url

    async def open(self, asked: RealtimeTokenRequest, caller: Caller) -> RealtimeToken:
        """Reserve seconds and make a secret; what was reserved for none is given back.

        Raises:
            Forbidden: the caller has no key, and is not trusted with the deployment's.
            NotFound: the model is not offered.
            InvalidMessage: the model cannot do what is asked for.
            TranscriptionError: the ledger's or the provider's refusal.
        """
        record = self._record(caller)
        record.resumes = asked.resumes
        began = time.monotonic()
        try:
            own = await self._own_keys.find(caller.user) if self._own_keys is not None else None
            record.own_key = own is not None or None
            key = own.secret if own is not None else self._shared_key(caller.user)
            fitted = await self._fitted(asked)
            options = fitted.options
            record.model, record.language = options.model, options.language
            seconds = min(asked.max_seconds or math.inf, self._longest)
            async with (
                self._reserved(
                    options, seconds, caller, asked.resumes, own_key=own is not None
                ) as grant,
                self._told(own),
            ):
                with tracing.span("mint", provider=self._offer.provider_name, model=options.model):
                    secret = await self._mint.mint(key, options, seconds=self._offer.secret_seconds)
        except TranscriptionError as error:
            self._refused(record, error)
            raise
        _log.info(
            "direct_session_opened",
            session_id=grant.id,
            user_id=caller.user.id,
            model=options.model,
            granted_seconds=grant.granted_seconds,
            ready_ms=round((time.monotonic() - began) * 1000, 1),
        )
        return RealtimeToken(
            session_id=grant.id,
            wire=self._offer.wire,
            url=secret.url,
            token=secret.value.get_secret_value(),
            expires_at=secret.expires_at,
            model=options.model,
            max_seconds=grant.granted_seconds,
            cut_by=grant.cut_by,
            resume_rewind_ms=fitted.max_lag_ms + REWIND_MARGIN_MS,
            audio_format=AudioFormat(encoding="pcm_s16le", sample_rate=SAMPLE_RATE),
            setup=secret.setup,
            options_ignored=fitted.ignored or None,
        )

    async def settle(
        self, session_id: str, audio_seconds: float, caller: Caller
    ) -> RealtimeSettlement:
        """Settle a session of the caller's, once; a second time tells what the first one did.

        Raises:
            NotFound: it is not theirs, or carried by a bridge.
            LedgerUnavailable: it was not settled.
        """
        settlement = await self._ledger.settle_direct(
            caller.user,
            session_id,
            audio_seconds=audio_seconds,
            minimum_seconds=self._offer.secret_seconds,
        )
        if settlement.counted:
            self._settled(session_id, audio_seconds, settlement, caller)
        return RealtimeSettlement(
            session_id=session_id,
            charged_seconds=settlement.charged_seconds,
            cost_microdollars=settlement.cost_microdollars,
        )

    @property
    def _longest(self) -> float:
        """The longest session whose lease the ledger allows."""
        room = LONGEST_LEASE_SECONDS - SLACK_SECONDS - self._offer.secret_seconds
        return min(self._offer.max_seconds, room)

    def _told(self, own: OwnKey | None) -> AbstractAsyncContextManager[None]:
        if own is None or self._own_keys is None:
            return nullcontext()
        return told_to_owner(self._own_keys, own, self._title)

    def _shared_key(self, user: User) -> SecretStr:
        trusted = self._offer.trusts_anonymous or not user.is_anonymous
        if self._offer.key is None or not trusted:
            raise Forbidden("Without a key of your own, live words go over the bridge.")
        return self._offer.key

    async def _fitted(self, asked: RealtimeTokenRequest) -> FittedLive:
        """Return what the model takes of what is asked for."""
        model = asked.model or self._offer.default_model
        if model not in self._offer.models:
            raise NotFound("There is no such realtime model here.")
        wanted = RealtimeOptions(
            model,
            languages.to_code(asked.language),
            asked.context_bias or (),
            asked.target_streaming_delay_ms,
            diarize=asked.diarize is True,
            turn_detection=asked.turn_detection is True,
        )
        return fit_live(wanted, await self._models.realtime_capabilities(model))

    @asynccontextmanager
    async def _reserved(
        self,
        options: RealtimeOptions,
        seconds: float,
        caller: Caller,
        replaces: str | None,
        *,
        own_key: bool,
    ) -> AsyncIterator[Grant]:
        """Reserve what is given back where the block fails."""
        with tracing.span("reserve"):
            grant = await self._ledger.open(
                caller.user,
                kind=_KIND,
                provider=self._offer.provider_name,
                model=options.model,
                seconds=seconds,
                # Nobody touches it: it lasts for as long as an honest client could use it.
                lease_seconds=math.ceil(seconds) + self._offer.secret_seconds + SLACK_SECONDS,
                address=caller.address,
                replaces=replaces,
                own_key=own_key,
            )
        reason: str | None = None
        try:
            await self._ledger.start_direct(
                caller.user, grant.id, most_in_a_minute=self._offer.secrets_per_minute
            )
            yield grant
        except BaseException as error:
            reason = error.code if isinstance(error, TranscriptionError) else None
            await self._ledger.close(grant.id, audio_seconds=0.0, status="failed", reason=reason)
            raise

    def _record(self, caller: Caller) -> TranscriptionRecord:
        return TranscriptionRecord(
            kind=_KIND,
            direct=True,
            provider=self._offer.provider_name,
            user_id=caller.user.id,
            anonymous=caller.user.is_anonymous,
        )

    def _refused(self, record: TranscriptionRecord, error: TranscriptionError) -> None:
        record.code = error.code
        if isinstance(error, InternalError):
            record.error_id = error.error_id
        elif isinstance(error, ProviderKeyRefused):
            # The operator's alarm: a user can do nothing about our key.
            _log.error("provider_key_refused", status=error.status)
        log_transcription(record)
        self._metrics.transcriptions.labels(_KIND, record.status).inc()
        self._metrics.errors.labels(_KIND, error.code).inc()
        if isinstance(error, ProviderError):
            self._metrics.provider_failures.labels(self._offer.provider_name, error.reason).inc()

    def _settled(
        self, session_id: str, claimed: float, settlement: Settlement, caller: Caller
    ) -> None:
        record = self._record(caller)
        record.status = "complete"
        record.session_id = session_id
        record.audio_seconds = claimed
        record.cost_microdollars = settlement.cost_microdollars
        log_transcription(record)
        self._metrics.transcriptions.labels(_KIND, record.status).inc()
        self._metrics.audio_seconds.labels(_KIND).inc(settlement.charged_seconds)
        self._metrics.cost.labels(_KIND).inc(settlement.cost_microdollars)
