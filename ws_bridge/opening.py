"""A provider's session and the seconds for it, opened side by side; the next where one fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from shared_schema.audio import seconds
from shared_schema.client_messages import Start
from transcription.errors import BackendUnavailable, ProviderError, TranscriptionError
from transcription.identity.verifier import User
from transcription.ledger.base import Grant, Outcome
from transcription.process import tracing
from transcription.process.record import TranscriptionRecord
from transcription.process.shell import Shell
from transcription.providers.base import RealtimeProvider, RealtimeSession
from transcription.providers.failover import Candidate
from transcription.providers.fitting import FittedLive, fitted_live
from transcription.providers.relaxed import relaxed_live
from transcription.user_keys.providers import Lent
from ws_bridge.bridge import Held
from ws_bridge.refusals import Refusals

Live = Lent[RealtimeProvider]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what."""

    user: User
    start: Start
    address: str | None
    held: Held
    record: TranscriptionRecord


@dataclass(frozen=True, slots=True)
class Opened:
    """A provider that was let do it."""

    one: Candidate[Live]
    fitted: FittedLive
    grant: Grant
    upstream: RealtimeSession


class Opener:
    """Opens sessions.

    Args:
        shell: With the ledger and the providers.
        refusals: Whom the ledger has refused lately.
    """

    def __init__(self, shell: Shell, refusals: Refusals) -> None:
        self._shell = shell
        self._refusals = refusals

    async def first_of(
        self,
        candidates: Sequence[Candidate[Live]],
        lent: Sequence[Live],
        asked: Asked,
        place: Callable[[], Awaitable[None]],
        stack: AsyncExitStack,
    ) -> Opened:
        """Return the first provider that opens a session; what was reserved for others is settled.

        Args:
            candidates: Who may do it, in order.
            lent: Who might have, in the deployment's order. Of the first of these a caller may
                ask nothing that it cannot do.
            asked: For what.
            place: Gives the session a place, once it is known to be asked for rightly.
            stack: Leaves and settles the session.

        Raises:
            InvalidMessage: the first provider's model cannot do what is asked for.
            TranscriptionError: the ledger's refusal, or the last provider's.
        """
        record, last = asked.record, candidates[-1]
        placed = False
        for one in candidates:
            record.provider = one.provider.name
            record.passed_over = _before(one, lent)
            try:
                fit = fitted_live if one.lent is lent[0] else relaxed_live
                fitted = await fit(asked.start, one.provider, one.lent.key)
                record.model, record.language = fitted.options.model, fitted.options.language
                if not placed:
                    await place()
                    placed = True
                opening = self._open(one, fitted, asked, is_last=one is last)
                grant, upstream = await stack.enter_async_context(opening)
            except ProviderError as error:
                if one is last:
                    raise
                self._shell.records.passed_over(one.provider.name, error)
            else:
                return Opened(one, fitted, grant, upstream)
        raise AssertionError  # the last one opens or raises

    @asynccontextmanager
    async def _open(
        self, one: Candidate[Live], fitted: FittedLive, asked: Asked, *, is_last: bool
    ) -> AsyncIterator[tuple[Grant, RealtimeSession]]:
        """Reserve seconds and connect a provider at once; leave and settle both at the end."""
        provider, model = one.provider.name, fitted.options.model
        user, address, lent = asked.user, asked.address, one.lent
        failure: ProviderError | None = None
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
                            address=address,
                            replaces=asked.start.resumes,
                            own_key=lent.own_key,
                        )
                    except BackendUnavailable:
                        raise  # says nothing about the caller
                    except TranscriptionError as refusal:
                        now = asyncio.get_running_loop().time()
                        self._refusals.note(user, address, refusal, now)
                        raise
                settling.push_async_callback(lambda: self._settle(grant, asked, failure))
                return grant

            async def connect() -> RealtimeSession | ProviderError:
                with tracing.span("connect", provider=provider, model=model):
                    try:
                        async with lent.guard():
                            opening = lent.half.open_realtime(fitted.options)
                            return await leaving.enter_async_context(opening)
                    except ProviderError as error:
                        one.attempt.failed(error)
                        if is_last:
                            raise
                        # What is reserved is settled before the next is tried, not given up.
                        return error

            if self._refusals.lately(user, address, asyncio.get_running_loop().time()):
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
            if isinstance(session, ProviderError):
                failure = session
                raise session
            self._refusals.forget(user)
            yield grant, session

    async def _settle(self, grant: Grant, asked: Asked, failure: ProviderError | None) -> None:
        """Settle a grant, even if the caller is cancelled."""
        closing = asyncio.create_task(self._close(grant, asked.held, failure), name="settle")
        try:
            asked.record.cost_microdollars = await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait({closing})
            asked.record.cost_microdollars = closing.result()
            raise

    async def _close(self, grant: Grant, held: Held, failure: ProviderError | None) -> int | None:
        session = held.session
        ended: Outcome = "complete" if session.status == "complete" else "partial"
        with tracing.span("settle"):
            settlement = await self._shell.ledger.close(
                grant.id,
                audio_seconds=seconds(session.handed),
                status=ended if session.terms is not None else "failed",
                reason=failure.code if failure is not None else session.outcome,
            )
        return settlement.cost_microdollars if settlement is not None else None


def _before(one: Candidate[Live], lent: Sequence[Live]) -> tuple[str, ...] | None:
    """Return the names of the providers that come before one in the order; None where none does."""
    names = [each.provider.name for each in lent]
    return tuple(names[: names.index(one.provider.name)]) or None


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the failure to tell: a bug before a refusal, else the earliest."""
    return next(
        (one for one in failures.exceptions if not isinstance(one, TranscriptionError)),
        failures.exceptions[0],
    )
