"""Sessions that their clients carry: seconds are reserved, a secret of the provider's is made.

Our services do not see the audio then. A secret can be used more than once in its life, so it is
made with a key of the user's own, or with the deployment's for users whom the settings trust.
"""

import math
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

import structlog
from pydantic import SecretStr

from edge_functions.caller import Caller
from shared_schema.audio import SAMPLE_RATE, AudioFormat
from shared_schema.direct import RealtimeSettlement, RealtimeToken, RealtimeTokenRequest
from transcription.errors import Forbidden, NotFound, TranscriptionError
from transcription.identity.verifier import User
from transcription.ledger.base import Grant
from transcription.process import tracing
from transcription.process.record import TranscriptionRecord
from transcription.process.shell import Shell
from transcription.providers.base import REWIND_MARGIN_MS, RealtimeOptions, SecretMint
from transcription.providers.fitting import fitted_live
from transcription.user_keys.base import OwnKey
from transcription.user_keys.providers import told_to_operator, told_to_owner

SLACK_SECONDS: Final = 30
"""Of a lease, beyond the secret's life and the audio: the ways there and back."""
LONGEST_LEASE_SECONDS: Final = 3600
"""As the ledger allows."""

_log = structlog.get_logger(__name__)


class DirectSessions:
    """Lets clients carry their sessions, within what the ledger grants.

    Args:
        shell: With the ledger, the provider and users' own keys.
        mint: Makes the secrets.
        key: The deployment's; None: no user is trusted with it.
        trusts_anonymous: Whether anonymous users are trusted with it as well.
        secret_seconds: How long a secret opens sockets, and the least that its session is charged.
        secrets_per_minute: Of one user.
    """

    def __init__(
        self,
        shell: Shell,
        mint: SecretMint,
        *,
        key: SecretStr | None,
        trusts_anonymous: bool,
        secret_seconds: int,
        secrets_per_minute: int,
    ) -> None:
        self._shell = shell
        self._mint = mint
        self._key = key
        self._trusts_anonymous = trusts_anonymous
        self._secret_seconds = secret_seconds
        self._secrets_per_minute = secrets_per_minute

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
        provider, keys = self._shell.lineup.first, self._shell.own_keys
        try:
            own = await keys.find(caller.user) if keys is not None else None
            record.own_key = own is not None or None
            key = own.secret if own is not None else self._shared_key(caller.user)
            fitted = await fitted_live(asked, provider, key)
            options = fitted.options
            record.model, record.language = options.model, options.language
            async with self._reserved(options, asked, caller, own_key=own is not None) as grant:
                with tracing.span("mint", provider=provider.name, model=options.model):
                    async with self._told(own):
                        secret = await self._mint.mint(key, options, seconds=self._secret_seconds)
        except TranscriptionError as error:
            self._shell.records.tell(record, error)
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
            wire=self._mint.wire,
            url=secret.url,
            token=secret.value.get_secret_value(),
            expires_at=secret.expires_at,
            model=options.model,
            max_seconds=min(grant.granted_seconds, self._wanted(asked)),
            cut_by=grant.cut_by,
            resume_rewind_ms=fitted.max_lag_ms + REWIND_MARGIN_MS,
            audio_format=AudioFormat(encoding="pcm_s16le", sample_rate=SAMPLE_RATE),
            setup=secret.setup,
            options_ignored=fitted.ignored or None,
        )

    async def settle(
        self, session_id: str, audio_seconds: float, caller: Caller
    ) -> RealtimeSettlement:
        """Settle a session of the caller's, once; a second call returns the first result.

        Raises:
            NotFound: it is not theirs, or carried by a bridge.
            LedgerUnavailable: it was not settled.
        """
        settlement = await self._shell.ledger.settle_direct(
            caller.user,
            session_id,
            audio_seconds=audio_seconds,
            minimum_seconds=self._secret_seconds,
        )
        if settlement.counted:
            record = self._record(caller)
            record.status, record.session_id = "complete", session_id
            record.audio_seconds = audio_seconds
            record.cost_microdollars = settlement.cost_microdollars
            self._shell.records.tell(record, counted_seconds=settlement.charged_seconds)
        return RealtimeSettlement(
            session_id=session_id,
            charged_seconds=settlement.charged_seconds,
            cost_microdollars=settlement.cost_microdollars,
        )

    def _wanted(self, asked: RealtimeTokenRequest) -> float:
        """Return the seconds to carry, at most those whose lease the ledger allows."""
        room = LONGEST_LEASE_SECONDS - SLACK_SECONDS - self._secret_seconds
        return min(asked.max_seconds or math.inf, self._shell.settings.max_audio_seconds, room)

    def _told(self, own: OwnKey | None) -> AbstractAsyncContextManager[None]:
        keys, rules = self._shell.own_keys, self._shell.lineup.first.own_keys
        if own is None or keys is None or rules is None:
            return told_to_operator()
        return told_to_owner(keys, own, rules.title)

    def _shared_key(self, user: User) -> SecretStr:
        trusted = self._trusts_anonymous or not user.is_anonymous
        if self._key is None or not trusted:
            raise Forbidden("Without a key of your own, live words go over the bridge.")
        return self._key

    @asynccontextmanager
    async def _reserved(
        self,
        options: RealtimeOptions,
        asked: RealtimeTokenRequest,
        caller: Caller,
        *,
        own_key: bool,
    ) -> AsyncIterator[Grant]:
        """Reserve what is given back where the block fails."""
        ledger = self._shell.ledger
        if asked.resumes is not None:
            # Its socket is lost: else its whole grant would be reserved until its lease ends.
            with suppress(NotFound):
                await ledger.settle_direct(
                    caller.user,
                    asked.resumes,
                    audio_seconds=0.0,
                    minimum_seconds=self._secret_seconds,
                )
        # However little is asked for, the secret opens sockets for as long as it lives.
        seconds = max(self._wanted(asked), self._secret_seconds)
        with tracing.span("reserve"):
            grant = await ledger.open(
                caller.user,
                kind="realtime",
                provider=self._shell.lineup.first.name,
                model=options.model,
                seconds=seconds,
                minimum_seconds=self._secret_seconds,
                # It has no heartbeat, so it lasts for as long as an honest client could use it.
                lease_seconds=math.ceil(seconds) + self._secret_seconds + SLACK_SECONDS,
                address=caller.address,
                replaces=asked.resumes,
                own_key=own_key,
            )
        reason: str | None = None
        try:
            await ledger.start_direct(
                caller.user, grant.id, most_in_a_minute=self._secrets_per_minute
            )
            yield grant
        except BaseException as error:
            reason = error.code if isinstance(error, TranscriptionError) else None
            await ledger.close(grant.id, audio_seconds=0.0, status="failed", reason=reason)
            raise

    def _record(self, caller: Caller) -> TranscriptionRecord:
        record = self._shell.records.new("realtime", direct=True)
        record.is_of(caller.user)
        return record
