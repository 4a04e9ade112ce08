"""The one door of the bridge: every step from a `start` to an open session with the provider.

Flag, token, key, options, place; then quota and provider side by side, or one after the other for
callers who were refused lately. No stranger ever opens a paid socket: nothing is reserved and no
provider is called before the token has been verified.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass

from shared_schema.audio import seconds
from shared_schema.client_messages import Start
from transcription.errors import (
    BackendUnavailable,
    Forbidden,
    TranscriptionDisabled,
    TranscriptionError,
    Unauthenticated,
)
from transcription.identity.verifier import User
from transcription.ledger.base import Grant, Outcome
from transcription.ledger.heartbeat import Heartbeat
from transcription.process import tracing
from transcription.process.record import TranscriptionRecord
from transcription.process.shell import Shell
from transcription.providers.base import RealtimeEvent, RealtimeProvider, RealtimeSession
from transcription.providers.fitting import FittedLive, fitted_live
from transcription.user_keys.providers import Lent, Providers
from ws_bridge.bridge import Bridge, Held
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
    guard: Callable[[], AbstractAsyncContextManager[None]]

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Tell `hear` what the provider says, up to its last word.

        Raises:
            OwnKeyRefused: the provider refuses the user's own key.
            ProviderError: it failed, or closed before it was done.
        """
        async with self.guard():
            await self.upstream.listen(hear)


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
            record.own_key = lent.own_key or None
            fitted = await fitted_live(start, self._shell.provider, lent.key)
            record.model, record.language = fitted.options.model, fitted.options.language
            await self._place(user, start, caller, held)
            opened = self._open(user, lent, fitted, start, caller, held, record)
            grant, upstream = await stack.enter_async_context(opened)
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
            )
            admitting.close()
            yield Admitted(terms, upstream, lent.guard)

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

    @asynccontextmanager
    async def _open(  # noqa: PLR0917
        self,
        user: User,
        lent: Lent[RealtimeProvider],
        fitted: FittedLive,
        start: Start,
        caller: Caller,
        held: Held,
        record: TranscriptionRecord,
    ) -> AsyncIterator[tuple[Grant, RealtimeSession]]:
        """Reserve seconds and connect the provider at once; leave and settle both at the end."""
        provider, model = self._shell.provider.name, fitted.options.model
        async with AsyncExitStack() as settling, AsyncExitStack() as leaving:

            async def reserve() -> Grant:
                with tracing.span("reserve"):
                    try:
                        grant = await self._shell.ledger.open(
                            user,
                            kind="realtime",
                            provider=provider,
                            model=model,
                            seconds=self._shell.settings.max_audio_seconds,
                            address=caller.address,
                            replaces=start.resumes,
                            own_key=lent.own_key,
                        )
                    except BackendUnavailable:
                        raise  # says nothing about the caller
                    except TranscriptionError as refusal:
                        now = asyncio.get_running_loop().time()
                        self._refusals.note(user, caller.address, refusal, now)
                        raise
                settling.push_async_callback(self._settle, grant, held, record)
                return grant

            async def connect() -> RealtimeSession:
                with tracing.span("connect", provider=provider, model=model):
                    async with lent.guard():
                        opening = lent.half.open_realtime(fitted.options)
                        return await leaving.enter_async_context(opening)

            if self._refusals.lately(user, caller.address, asyncio.get_running_loop().time()):
                grant = await reserve()
                session = await connect()
            else:
                try:
                    async with asyncio.TaskGroup() as group:
                        reserving = group.create_task(reserve(), name="reserve")
                        connecting = group.create_task(connect(), name="connect")
                except BaseExceptionGroup as failures:
                    raise _first(failures) from None
                grant, session = reserving.result(), connecting.result()
            self._refusals.forget(user)
            yield grant, session

    async def _settle(self, grant: Grant, held: Held, record: TranscriptionRecord) -> None:
        """Settle a grant, even if the caller is cancelled."""
        closing = asyncio.create_task(self._close(grant, held), name="settle")
        try:
            record.cost_microdollars = await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait({closing})
            record.cost_microdollars = closing.result()
            raise

    async def _close(self, grant: Grant, held: Held) -> int | None:
        session = held.session
        ended: Outcome = "complete" if session.status == "complete" else "partial"
        with tracing.span("settle"):
            settlement = await self._shell.ledger.close(
                grant.id,
                audio_seconds=seconds(session.handed),
                status=ended if session.terms is not None else "failed",
                reason=session.outcome,
            )
        return settlement.cost_microdollars if settlement is not None else None


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the failure to tell: a bug before a refusal, else the earliest."""
    return next(
        (one for one in failures.exceptions if not isinstance(one, TranscriptionError)),
        failures.exceptions[0],
    )
