"""A file becomes text: fitted options, reserved seconds, the provider, the settlement."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from edge_functions.caller import Caller
from edge_functions.report import Report
from shared_schema.batch import TranscriptionOptions
from transcription import languages
from transcription.errors import (
    NotFound,
    OwnKeyRequired,
    ProviderUnavailable,
    TranscriptionError,
)
from transcription.identity.verifier import User
from transcription.ledger.base import Ledger, Outcome
from transcription.process import tracing
from transcription.providers.base import (
    AudioFile,
    FileOptions,
    FileProvider,
    Models,
    Segment,
    TextDelta,
    TranscriptionResult,
)
from transcription.providers.fitting import Fitted, fit
from transcription.user_keys.providers import OwnProviders

LEASE_SLACK_SECONDS: Final = 30
"""Beyond the provider's deadline: the way to the ledger and back."""

Tell = Callable[[TextDelta | Segment], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Offer:
    """What this deployment offers for files.

    Attributes:
        provider_name: For the ledger and the log.
        default_model: Used when a caller names none.
        models: Those that a caller may name.
        deadline_seconds: Of the provider, for one file.
    """

    provider_name: str
    default_model: str
    models: frozenset[str]
    deadline_seconds: float


class Recogniser:
    """Hands files to the provider, within what the ledger grants.

    Args:
        provider: Turns speech into text; None: the deployment has no key.
        ledger: Reserves and settles seconds.
        offer: What callers may ask for.
        own: Calls with users' own keys; None where they bring none.
    """

    def __init__(
        self,
        *,
        provider: FileProvider | None,
        ledger: Ledger,
        offer: Offer,
        own: OwnProviders[FileProvider] | None = None,
    ) -> None:
        self._provider = provider
        self._ledger = ledger
        self._own = own
        self.offer = offer

    @property
    def is_shared(self) -> bool:
        """Whether whoever has no key of their own may transcribe as well."""
        return self._provider is not None

    @property
    def models(self) -> Models | None:
        """What the provider's models can do; None where only users' own keys could ask it."""
        return self._provider

    @asynccontextmanager
    async def of(self, user: User) -> AsyncIterator["Service"]:
        """Lend what transcribes for a user: with their own key, where they have stored one.

        Raises:
            OwnKeyUnreadable: theirs cannot be read. The deployment's never takes its place.
            OwnKeyRequired: they have none, and neither has the deployment.
            BackendUnavailable: nobody knows now whether they have one.
        """
        async with AsyncExitStack() as stack:
            own = None
            if self._own is not None:
                own = await stack.enter_async_context(self._own.of(user))
            provider = own if own is not None else self._provider
            if provider is None:
                raise OwnKeyRequired("Store a key of your own to transcribe here.")
            yield Service(provider, self._ledger, self.offer, own_key=own is not None)


class Service:
    """What transcribes one user's files; lent by the `Recogniser`.

    Args:
        provider: Turns speech into text.
        ledger: Reserves and settles seconds.
        offer: What the caller may ask for.
        own_key: Whether `provider` calls with a key of the user's own.
    """

    def __init__(
        self, provider: FileProvider, ledger: Ledger, offer: Offer, *, own_key: bool
    ) -> None:
        self._provider = provider
        self._ledger = ledger
        self.offer = offer
        self.own_key = own_key

    async def fit(self, asked: TranscriptionOptions) -> Fitted:
        """Return what to ask of the provider.

        Raises:
            NotFound: the model is not offered.
            InvalidMessage: the model cannot do what is asked for.
        """
        model = asked.model or self.offer.default_model
        if model not in self.offer.models:
            raise NotFound("There is no such model for files here.")
        options = FileOptions(
            model=model,
            language=languages.to_code(asked.language),
            context_bias=asked.context_bias or (),
            timestamps=asked.timestamps,
            diarize=asked.diarize is True,
        )
        return fit(options, await self._provider.file_capabilities(model))

    async def recognise(
        self,
        audio: AudioFile,
        options: FileOptions,
        caller: Caller,
        report: Report,
        *,
        begin: Callable[[], None],
        tell: Tell | None,
    ) -> TranscriptionResult:
        """Reserve the file's seconds, have it transcribed, and settle, whatever happens.

        What gave no text is not charged; what gave some is charged for the whole file.

        Args:
            audio: A file that was inspected.
            options: Fitted to the model.
            caller: Who pays.
            report: Told of every step.
            begin: Called when the seconds are reserved.
            tell: Given the text as it comes; None asks for the whole at once.

        Raises:
            TranscriptionError: the ledger's or the provider's refusal.
        """
        async with self._reserved(audio, options, caller, report) as charge:
            begin()
            with tracing.span("provider", provider=self.offer.provider_name, model=options.model):
                if tell is None:
                    result = await self._provider.transcribe_file(audio, options)
                else:

                    async def told(piece: TextDelta | Segment) -> None:
                        charge.outcome = "partial"
                        report.told()
                        await tell(piece)

                    result = await self._stream(audio, options, told)
            charge.outcome = "complete"
            report.recognised(result)
        return result

    async def _stream(
        self, audio: AudioFile, options: FileOptions, tell: Tell
    ) -> TranscriptionResult:
        async with aclosing(self._provider.stream_file(audio, options)) as events:
            async for event in events:
                if isinstance(event, TranscriptionResult):
                    return event
                if isinstance(event, TextDelta | Segment):
                    await tell(event)
        raise ProviderUnavailable

    @asynccontextmanager
    async def _reserved(
        self, audio: AudioFile, options: FileOptions, caller: Caller, report: Report
    ) -> AsyncIterator["_Charge"]:
        seconds = audio.duration_seconds
        with tracing.span("reserve"):
            grant = await self._ledger.open(
                caller.user,
                kind="batch",
                provider=self.offer.provider_name,
                model=options.model,
                seconds=seconds,
                minimum_seconds=seconds,
                lease_seconds=math.ceil(self.offer.deadline_seconds) + LEASE_SLACK_SECONDS,
                address=caller.address,
                own_key=self.own_key,
            )
        report.reserved(grant.id, seconds)
        charge = _Charge()
        try:
            yield charge
        except TranscriptionError as error:
            charge.reason = error.code
            raise
        finally:
            with tracing.span("settle"):
                settlement = await self._ledger.close(
                    grant.id,
                    audio_seconds=0.0 if charge.outcome == "failed" else seconds,
                    status=charge.outcome,
                    reason=charge.reason,
                )
            if settlement is not None:
                report.settled(settlement.cost_microdollars)


@dataclass(slots=True)
class _Charge:
    outcome: Outcome = "failed"
    reason: str | None = None
