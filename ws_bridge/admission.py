"""The one door of the bridge: every step from a `start` to an open session with the provider.

Flag, token, key, options, place; then quota and provider side by side, or one after the other for
callers who were refused lately. A provider that fails here is passed over, and what was reserved
for it given back, before the next is tried. No stranger ever opens a paid socket: nothing is
reserved and no provider is called before the token has been verified.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from shared_schema.audio import seconds
from shared_schema.client_messages import Start
from transcription.errors import (
    Forbidden,
    ProviderEnded,
    ProviderError,
    TranscriptionDisabled,
    Unauthenticated,
)
from transcription.identity.verifier import User
from transcription.ledger.heartbeat import Heartbeat
from transcription.process import tracing
from transcription.process.record import TranscriptionRecord
from transcription.process.shell import Shell
from transcription.providers.base import (
    RealtimeEvent,
    RealtimeProvider,
    RealtimeSession,
    TextDelta,
)
from transcription.providers.failover import Candidate
from transcription.user_keys.providers import Providers
from ws_bridge.bridge import Bridge, Held
from ws_bridge.opening import Asked, Live, Opener
from ws_bridge.refusals import Refusals
from ws_bridge.session import Terms


@dataclass(frozen=True, slots=True)
class Caller:
    """What the handshake told."""

    user: User | None
    """From the `Authorization` header, already verified."""
    address: str | None
    traceparent: str | None = None
    """The trace that it belongs to (W3C Trace Context)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session that was let in. It is left and settled when the block of `admit` ends."""

    terms: Terms
    upstream: RealtimeSession
    one: Candidate[Live]

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Tell `hear` what the provider says, up to its last word.

        Raises:
            OwnKeyRefused: the provider refuses the user's own key.
            ProviderError: it failed, or closed before it was done.
        """
        attempt = self.one.attempt

        def hear_probe(event: RealtimeEvent) -> None:
            if isinstance(event, TextDelta) and event.text and attempt.is_probe:
                attempt.worked()  # others wait for it
            hear(event)

        async with self.one.lent.guard():
            await self.upstream.listen(hear_probe if attempt.is_probe else hear)


class Admission:
    """Lets callers in.

    Args:
        shell: With the verifier, the ledger and the provider.
        providers: Open sessions with each user's key; None where live transcription is off.
        bridge: Has the places.
        heartbeat: Keeps the lease of a live session.
        refusals: Whom the ledger has refused lately.
    """

    def __init__(
        self,
        shell: Shell,
        *,
        providers: Providers[RealtimeProvider] | None,
        bridge: Bridge,
        heartbeat: Heartbeat,
        refusals: Refusals,
    ) -> None:
        self._shell = shell
        self._providers = providers
        self._bridge = bridge
        self._heartbeat = heartbeat
        self._refusals = refusals
        self._opener = Opener(shell, refusals)

    @asynccontextmanager
    async def admit(
        self, start: Start, caller: Caller, held: Held, record: TranscriptionRecord
    ) -> AsyncIterator[Admitted]:
        """Let a caller in; when the block ends, leave the provider and settle.

        Args:
            start: What the client asks for.
            caller: What its handshake told.
            held: Holds the session, and gets the place.
            record: Filled in, step by step.

        Raises:
            TranscriptionError: why they are not let in.
        """
        async with AsyncExitStack() as stack:
            admitting = stack.enter_context(ExitStack())
            admitting.enter_context(tracing.span("admit"))
            if self._providers is None:
                raise TranscriptionDisabled("Live transcription is off here.")
            with tracing.span("identify"):
                user = await self._identify(start, caller)
            record.is_of(user)
            opening = stack.enter_context(ExitStack())
            opening.enter_context(self._refusals.opening(user))
            if start.resumes is None:
                self._refusals.repeat(user, asyncio.get_running_loop().time())
            lent = await stack.enter_async_context(self._providers.of(user))
            record.own_key = lent[0].own_key or None
            candidates = self._shell.lineup.candidates(
                lent, goes_on=start.resumes is not None, avoid=start.avoid
            )
            for one in candidates:
                stack.callback(one.attempt.over)
            asked = Asked(user, start, caller.address, held, record)
            place = partial(self._place, user, start, caller, held)
            opened = await self._opener.first_of(candidates, lent, asked, place, stack)
            one, fitted, grant, upstream = opened.one, opened.fitted, opened.grant, opened.upstream
            for other in candidates:
                if other is not one:
                    other.attempt.over()
            stack.callback(self._judge, one, held)
            opening.close()
            record.provider_request_id = upstream.request_id
            self._bridge.name(held, user.id, grant.id)
            held.credit(min(grant.credit_seconds, grant.granted_seconds))
            stack.enter_context(
                self._heartbeat.watching(
                    grant,
                    audio_seconds=lambda: seconds(held.session.handed),
                    on_lost=held.lost,
                    on_grant=held.session.regrant,
                    on_credit=held.credit,
                )
            )
            terms = Terms(
                grant.id,
                fitted.options.model,
                grant.granted_seconds,
                grant.cut_by,
                fitted.max_lag_ms,
                fitted.ignored,
                one.provider.name if len(lent) > 1 else None,
            )
            admitting.close()
            yield Admitted(terms, upstream, one)

    async def _identify(self, start: Start, caller: Caller) -> User:
        if start.access_token is None:
            if caller.user is None:
                raise Unauthenticated("Sign in and send the access token.")
            return caller.user
        user = await self._shell.verifier.user(start.access_token.get_secret_value())
        if caller.user is not None and caller.user.id != user.id:
            raise Forbidden("The two access tokens are of different users.")
        return user

    async def _place(self, user: User, start: Start, caller: Caller, held: Held) -> None:
        now = asyncio.get_running_loop().time()
        if start.resumes is None:
            self._bridge.enter(held, caller.address, now)
        else:
            await self._bridge.succeed(held, user.id, start.resumes, caller.address, now)
        held.let_in()

    @staticmethod
    def _judge(one: Candidate[Live], held: Held) -> None:
        """Take in what a session that ends says about its provider."""
        session, error = held.session, held.session.error
        if isinstance(error, ProviderError) and not isinstance(error, ProviderEnded):
            one.attempt.failed(error, begun=True)
        elif session.deltas or session.status == "complete":
            one.attempt.worked()
