"""Who is let in, in steps: flag, token, options, place; then quota and provider side by side.

No stranger ever opens a paid socket: nothing is reserved and nobody is called before the
token has been verified.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from shared_schema.client_messages import Start
from transcription import languages
from transcription.errors import (
    Forbidden,
    NotFound,
    OwnKeyRequired,
    TranscriptionDisabled,
    TranscriptionError,
    Unauthenticated,
)
from transcription.identity.verifier import User, Verifier
from transcription.ledger.base import Grant, Ledger
from transcription.process import tracing
from transcription.providers.base import RealtimeOptions, RealtimeProvider, RealtimeSession
from transcription.providers.fitting import FittedLive, fit_live
from transcription.user_keys.providers import OwnProviders


@dataclass(frozen=True, slots=True)
class Caller:
    """What the handshake told."""

    user: User | None
    """From the `Authorization` header, already verified."""
    address: str | None
    traceparent: str | None = None
    """The trace that it belongs to (W3C Trace Context)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What this deployment offers to a session.

    Attributes:
        provider_name: For the ledger and the log.
        default_model: Used when a caller names none.
        models: Those that a caller may name.
        max_seconds: Longest session, in seconds of audio.
    """

    provider_name: str
    default_model: str
    models: frozenset[str]
    max_seconds: float


class Admission:
    """Lets callers in.

    Args:
        verifier: Tells users from tokens.
        ledger: Reserves seconds.
        provider: Opens sessions; None where live transcription is off, or has no key.
        offer: What may be asked for.
        own: Opens sessions with users' own keys; None where they bring none.
        own_key: Whether `provider` calls with a key of the user's own.
    """

    def __init__(
        self,
        *,
        verifier: Verifier,
        ledger: Ledger,
        provider: RealtimeProvider | None,
        offer: Offer,
        own: OwnProviders[RealtimeProvider] | None = None,
        own_key: bool = False,
    ) -> None:
        self._verifier = verifier
        self._ledger = ledger
        self._provider = provider
        self._own = own
        self.offer = offer
        self.own_key = own_key

    async def identify(self, start: Start, caller: Caller) -> User:
        """Return who is calling.

        Raises:
            TranscriptionDisabled: live transcription is off.
            TranscriptionError: the token's fault, or `Forbidden` for two tokens of two users.
        """
        if self._provider is None and self._own is None:
            raise TranscriptionDisabled("Live transcription is off here.")
        if start.access_token is None:
            if caller.user is None:
                raise Unauthenticated("Sign in and send the access token.")
            return caller.user
        user = await self._verifier.user(start.access_token.get_secret_value())
        if caller.user is not None and caller.user.id != user.id:
            raise Forbidden("The two access tokens are of different users.")
        return user

    @asynccontextmanager
    async def of(self, user: User) -> AsyncIterator["Admission"]:
        """Let a user in with their own key, where they have stored one.

        Raises:
            OwnKeyUnreadable: theirs cannot be read. The deployment's never takes its place.
            OwnKeyRequired: they have none, and neither has the deployment.
            BackendUnavailable: nobody knows now whether they have one.
        """
        if self._own is None:
            yield self
            return
        async with self._own.of(user) as provider:
            if provider is not None:
                yield Admission(
                    verifier=self._verifier,
                    ledger=self._ledger,
                    provider=provider,
                    offer=self.offer,
                    own_key=True,
                )
            elif self._provider is None:
                raise OwnKeyRequired("Store a key of your own to transcribe here.")
            else:
                yield self

    async def options(self, start: Start) -> FittedLive:
        """Return what to ask of the provider.

        Hints that the model does not take, a language or terms, are left out.

        Raises:
            NotFound: the model is not offered.
            InvalidMessage: the model cannot do what is asked for.
        """
        model = start.model or self.offer.default_model
        if self._provider is None or model not in self.offer.models:
            raise NotFound(f"There is no realtime model called {model!r} here.")
        asked = RealtimeOptions(
            model,
            languages.to_code(start.language),
            start.context_bias or (),
            start.target_streaming_delay_ms,
            diarize=start.diarize is True,
            turn_detection=start.turn_detection is True,
        )
        can = await self._provider.realtime_capabilities(model)
        return fit_live(asked, can)

    @asynccontextmanager
    async def open(
        self,
        user: User,
        options: RealtimeOptions,
        *,
        address: str | None,
        replaces: str | None,
        settle: Callable[[Grant], Awaitable[None]],
    ) -> AsyncIterator[tuple[Grant, RealtimeSession]]:
        """Reserve seconds and connect the provider at once; leave and settle both at the end.

        Args:
            user: Who is let in.
            options: What is asked of the provider.
            address: The caller's IP address.
            replaces: Session of the same user whose place is taken.
            settle: Called exactly once for a grant that was given, whatever happened since.

        Raises:
            TranscriptionError: the ledger's or the provider's refusal.
        """
        if self._provider is None:
            raise TranscriptionDisabled("Live transcription is off here.")
        async with AsyncExitStack() as settling, AsyncExitStack() as leaving:

            async def reserve() -> Grant:
                with tracing.span("reserve"):
                    grant = await self._ledger.open(
                        user,
                        kind="realtime",
                        provider=self.offer.provider_name,
                        model=options.model,
                        seconds=self.offer.max_seconds,
                        address=address,
                        replaces=replaces,
                        own_key=self.own_key,
                    )
                settling.push_async_callback(settle, grant)
                return grant

            async def connect(provider: RealtimeProvider) -> RealtimeSession:
                with tracing.span(
                    "connect", provider=self.offer.provider_name, model=options.model
                ):
                    return await leaving.enter_async_context(provider.open_realtime(options))

            try:
                async with asyncio.TaskGroup() as group:
                    reserving = group.create_task(reserve(), name="reserve")
                    connecting = group.create_task(connect(self._provider), name="connect")
            except BaseExceptionGroup as failures:
                raise _first(failures) from None
            yield reserving.result(), connecting.result()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the failure to tell: a bug before a refusal, else the earliest."""
    return next(
        (one for one in failures.exceptions if not isinstance(one, TranscriptionError)),
        failures.exceptions[0],
    )
