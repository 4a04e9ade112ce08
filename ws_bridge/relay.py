"""One client's socket and one provider's, and the session that decides between them.

Three tasks: the reader brings the client's audio to the provider, the conversation brings
the provider's words, the writer does what the session asks for, in order. Between the two
sockets stands no queue: a frame is handed over before the next is read, so the client is
read no faster than the provider takes, and what waits is bounded by the sockets' buffers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, aclosing, suppress
from functools import partial
from typing import Final

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from shared_schema.audio import seconds
from shared_schema.client_messages import Start
from transcription import tracing
from transcription.errors import (
    Draining,
    Forbidden,
    InternalError,
    ProviderError,
    SlowConsumer,
    TranscriptionError,
)
from transcription.heartbeat import Heartbeat, Loss
from transcription.ledger import Grant, Ledger
from transcription.providers.base import RealtimeSession
from ws_bridge.admission import Admission, Caller
from ws_bridge.bridge import Bridge
from ws_bridge.effects import Close, EndAudio, Open, Ping, Send
from ws_bridge.report import Report
from ws_bridge.session import Session, State, Terms, Timing

MAX_UNSENT: Final = 512
"""Messages that may wait for a client that does not read."""
CLOSE_SECONDS: Final = 3.0
"""How long a client may take to read its last messages and to answer the close frame."""

_log = structlog.get_logger(__name__)


class Relay:
    """The life of one socket, from the upgrade to the settlement.

    Args:
        socket: The client's.
        caller: What its handshake told.
        bridge: What the process's sessions share.
        admission: Lets callers in.
        ledger: Settles.
        heartbeat: Keeps the lease of a live session.
        timing: The session's deadlines.
        slow_seconds: How long a client may not read.
    """

    def __init__(
        self,
        socket: ServerConnection,
        caller: Caller,
        *,
        bridge: Bridge,
        admission: Admission,
        ledger: Ledger,
        heartbeat: Heartbeat,
        timing: Timing,
        slow_seconds: float,
    ) -> None:
        self._socket = socket
        self._caller = caller
        self._bridge = bridge
        self._admission = admission
        self._ledger = ledger
        self._heartbeat = heartbeat
        self._slow_seconds = slow_seconds
        self._clock = asyncio.get_running_loop().time
        self._session = Session(timing, self._clock())
        self._report = Report(bridge.metrics, admission.offer.provider_name)
        self._tasks = asyncio.TaskGroup()
        self._conversation: asyncio.Task[None] | None = None
        self._leaving = False
        self._upstream: RealtimeSession | None = None
        self._named: tuple[str, str] | None = None
        self._wake = asyncio.Event()
        self._writing_since: float | None = None
        self._patience = asyncio.timeout(None)

    async def run(self) -> None:
        """Serve the socket until it is closed and everything of it is settled."""
        try:
            self._bridge.arrive(self)
        except TranscriptionError as refusal:
            self._session.fail(refusal, self._clock())
            self._wake.set()
        try:
            async with self._tasks:
                reader = self._tasks.create_task(self._guard(self._read), name="reader")
                close = await self._write()
                self._leave_provider()
                # The reader goes on: a close frame may stand behind audio that nobody wants now.
                await self._hang_up(close)
                reader.cancel()
        finally:
            self._bridge.leave(self, self._named)
            self._report.tell(self._session, self._clock())

    # As the bridge holds it.

    def tick(self, now: float) -> None:
        """Look at the clock: the session's deadlines, and a client that does not read."""
        self._session.tick(now)
        since = self._writing_since
        if since is not None and (
            now - since >= self._slow_seconds or len(self._session.effects) > MAX_UNSENT
        ):
            self._session.fail(SlowConsumer("Messages were not read for too long."), now)
            self._patience.reschedule(now)
        self._stir()

    def drain(self, seconds: float, now: float) -> None:
        """Tell the client that the server goes away in `seconds`."""
        self._session.drain(seconds, now)
        self._stir()

    def end(self, now: float) -> None:
        """Tell the client that the server goes away now, with the text that there is."""
        self._session.fail(Draining(retry_after=0.0), now)
        self._stir()

    async def replace(self, now: float) -> None:
        """End and settle, because another session of the same user takes the place."""
        self._session.replaced(now)
        self._stir()
        if self._conversation is not None:
            self._leave_provider()
            await asyncio.wait({self._conversation})

    def _leave_provider(self) -> None:
        """End the conversation, unless it is ending: its settlement must not be cut short."""
        if self._conversation is not None and not self._leaving:
            self._leaving = True
            self._conversation.cancel()

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a task's work; whatever it raises ends the session with the word for it."""
        try:
            await work()
        except TranscriptionError as error:
            self._session.fail(error, self._clock())
        except Exception:
            bug = InternalError()
            _log.exception("internal_error", error_id=bug.error_id)
            self._session.fail(bug, self._clock())
        finally:
            self._wake.set()

    # The reader.

    async def _read(self) -> None:
        session, clock = self._session, self._clock
        try:
            async for message in self._socket:
                if isinstance(message, str):
                    session.receive_text(message, clock())
                elif frame := session.receive_audio(message, clock()):
                    await self._hand_over(frame)
                if session.effects:
                    self._wake.set()
        except ConnectionClosed:
            pass
        session.gone(clock())

    async def _hand_over(self, frame: bytes) -> None:
        upstream = self._upstream
        if upstream is None:
            return
        try:
            await upstream.send(frame)
        except ProviderError:
            # The conversation is told the same, after the last text that still came.
            return
        wait = self._session.handed_over(len(frame), self._clock())
        if wait > 0:
            self._stir()
            await asyncio.sleep(wait)

    # The writer.

    def _stir(self) -> None:
        if self._session.effects:
            self._wake.set()

    async def _write(self) -> Close:
        """Do what the session asks for, in order, until it is to be closed."""
        try:
            async with self._patience:
                return await self._perform_all()
        except TimeoutError:
            # The client does not read: what is left goes out without waiting for it.
            return await self._perform_rest()

    async def _perform_all(self) -> Close:
        effects = self._session.effects
        while True:
            await self._wake.wait()
            self._wake.clear()
            while effects:
                effect = effects.popleft()
                if isinstance(effect, Close):
                    return effect
                self._writing_since = self._clock()
                await self._perform(effect)
                self._writing_since = None

    async def _perform_rest(self) -> Close:
        self._writing_since = None
        for effect in self._session.effects:
            if isinstance(effect, Close):
                return effect
            if isinstance(effect, Send):
                # A message is written before `send` first waits, so nothing of it is lost.
                with suppress(TimeoutError):
                    async with asyncio.timeout(0):
                        await self._perform(effect)
        raise AssertionError  # a session that lost its patience is closed

    async def _perform(self, effect: Open | Send | EndAudio | Ping) -> None:
        try:
            match effect:
                case Send(message):
                    await self._socket.send(message.to_json())
                case Open(start):
                    self._conversation = self._tasks.create_task(
                        self._guard(partial(self._converse, start)), name="conversation"
                    )
                case EndAudio():
                    if self._upstream is not None:
                        # Not here: a provider that reads nothing must not keep words from
                        # the client.
                        self._tasks.create_task(self._guard(self._upstream.end), name="end")
                case Ping():
                    pong = asyncio.ensure_future(await self._socket.ping())
                    pong.add_done_callback(self._ponged)
        except ConnectionClosed:
            self._session.gone(self._clock())

    async def _hang_up(self, close: Close) -> None:
        """Close the socket. A client that does not read could hold up the close frame for ever."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(close.code, close.reason)
        except TimeoutError:
            self._socket.transport.abort()

    def _ponged(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self._session.pong(self._clock())

    # The conversation.

    async def _converse(self, start: Start) -> None:
        """Let the caller in and bring the provider's words; everything is settled after."""
        with ExitStack() as admitting:
            admitting.enter_context(tracing.span("admit"))
            await self._talk(start, admitting.close)

    async def _talk(self, start: Start, admitted: Callable[[], None]) -> None:
        session, clock, report = self._session, self._clock, self._report
        with tracing.span("identify"):
            user = await self._admission.identify(start, self._caller)
        report.identified(user)
        options, lag = self._admission.options(start)
        report.asked(options)
        if start.resumes is None:
            self._bridge.enter(self)
        else:
            await self._bridge.succeed(self, user.id, start.resumes, clock())
        async with self._admission.open(
            user,
            options,
            address=self._caller.address,
            replaces=start.resumes,
            settle=self._settle,
        ) as (grant, upstream):
            report.connected(upstream.request_id)
            self._upstream = upstream
            self._named = (user.id, grant.id)
            self._bridge.name(self, *self._named)
            with self._heartbeat.watching(
                grant,
                audio_seconds=self._audio_seconds,
                on_lost=self._lost,
                on_grant=session.regrant,
            ):
                terms = Terms(grant.id, options.model, grant.granted_seconds, grant.cut_by, lag)
                session.opened(terms, clock())
                admitted()
                self._wake.set()
                # A failure is told before the settlement, which may take a while.
                await self._guard(partial(self._listen, upstream))
                self._leaving = True

    async def _listen(self, upstream: RealtimeSession) -> None:
        session = self._session
        async with aclosing(upstream.events()) as events:
            async for event in events:
                session.provider_event(event, self._clock())
                self._stir()
                if session.state is State.CLOSED:
                    return

    # The ledger.

    def _audio_seconds(self) -> float:
        return seconds(self._session.handed)

    def _lost(self, loss: Loss) -> None:
        _log.info("session_lost", state=loss)
        if loss == "replaced":
            self._session.replaced(self._clock())
        else:
            self._session.fail(Forbidden("This session was ended by the server."), self._clock())
        self._stir()

    async def _settle(self, grant: Grant) -> None:
        self._leaving = True
        session = self._session
        ended = session.status if session.status == "complete" else "partial"
        with tracing.span("settle"):
            settlement = await self._ledger.close(
                grant.id,
                audio_seconds=self._audio_seconds(),
                status=ended if session.terms is not None else "failed",
                reason=session.outcome,
            )
        if settlement is not None:
            self._report.settled(settlement.cost_microdollars)
