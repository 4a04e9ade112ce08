"""One client's socket and one provider's, and the session that decides between them.

What comes from either socket is dealt with in the read that brings it: a frame is handed over,
a word is told, and no task wakes. Two tasks do what may take a while: the conversation opens,
holds and settles what stands behind the session, the writer does what the session asks for and
what cannot be done at once, in order. Between the two sockets stands no queue: while the provider
does not take a frame the client is read no further, and what waits is bounded by one read and
the sockets' buffers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Final

import structlog
from websockets.exceptions import ConnectionClosed

from shared_schema.audio import seconds
from shared_schema.client_messages import Start
from transcription.errors import (
    Capacity,
    Draining,
    Forbidden,
    InternalError,
    InvalidMessage,
    ProviderError,
    ProviderKeyRefused,
    SlowConsumer,
    TranscriptionError,
)
from transcription.identity.verifier import User
from transcription.ledger.base import Grant, Ledger
from transcription.ledger.heartbeat import Heartbeat, Loss
from transcription.process import tracing
from transcription.providers.base import RealtimeEvent, RealtimeSession
from ws_bridge.admission import Admission, Caller
from ws_bridge.bridge import Bridge
from ws_bridge.client_socket import Socket
from ws_bridge.effects import Close, EndAudio, Open, Ping, Send
from ws_bridge.report import Report
from ws_bridge.session import Session, Terms, Timing

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
        socket: Socket,
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
        socket.on_excess = self._refuse
        self._caller = caller
        self._bridge = bridge
        self._admission = admission
        self._ledger = ledger
        self._heartbeat = heartbeat
        self._slow_seconds = slow_seconds
        self._clock = asyncio.get_running_loop().time
        self._session = Session(timing, self._clock())
        self._report = Report(bridge.metrics, bridge.health, admission.offer.provider_name)
        self._tasks = asyncio.TaskGroup()
        self._conversation: asyncio.Task[None] | None = None
        self._leaving = False
        self._upstream: RealtimeSession | None = None
        self._named: tuple[str, str] | None = None
        self._wake = asyncio.Event()
        self._handing_over: asyncio.Task[None] | None = None
        self._writing_since: float | None = None
        self._patience = asyncio.timeout(None)

    async def run(self) -> None:
        """Serve the socket until it is closed and everything of it is settled."""
        try:
            self._bridge.arrive(self, self._caller.address, self._clock())
        except TranscriptionError as refusal:
            self._session.fail(refusal, self._clock())
            self._wake.set()
        try:
            async with self._tasks:
                self._socket.listen(self._hear, self._lose)
                close = await self._write()
                self._leave_provider()
                self._socket.ignore()
                await self._hang_up(close)
                if self._handing_over is not None:
                    self._handing_over.cancel()
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

    def give_way(self) -> bool:
        """Tell the client, which has been waiting for long, that the server is full."""
        self._session.fail(Capacity(retry_after=1.0), self._clock())
        self._stir()
        return True

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
        except Exception as error:
            self._fail(error)
        finally:
            self._wake.set()

    def _fail(self, error: Exception) -> None:
        """End the session with the word for an error that is being handled."""
        if not isinstance(error, TranscriptionError):
            bug = InternalError()
            _log.exception("internal_error", error_id=bug.error_id)
            error = bug
        elif isinstance(error, ProviderKeyRefused):
            # The operator's alarm: a user can do nothing about our key.
            _log.error("provider_key_refused", status=error.status)
        self._session.fail(error, self._clock())

    # The client.

    def _refuse(self, why: str) -> None:
        self._session.fail(InvalidMessage(why), self._clock())
        self._stir()

    def _hear(self, message: bytes, is_text: bool) -> None:
        """Take in a message of the client's."""
        session, now = self._session, self._clock()
        try:
            if is_text:
                session.receive_text(message.decode(), now)
            elif frame := session.receive_audio(message, now):
                self._hand_over(frame, now)
        except UnicodeDecodeError:
            session.fail(InvalidMessage("A text message must be UTF-8."), now)
        except Exception as error:
            self._fail(error)
        if session.effects:
            self._stir()

    def _lose(self) -> None:
        self._session.gone(self._clock())
        self._stir()

    def _hand_over(self, frame: bytes, now: float) -> None:
        upstream = self._upstream
        if upstream is None:
            return
        if upstream.offer(frame):
            wait = self._session.handed_over(len(frame), now)
            if wait > 0:
                self._read_on_in(wait)
        else:
            self._socket.hold()
            work = partial(self._hand_over_late, upstream, frame)
            self._handing_over = self._tasks.create_task(self._guard(work), name="hand-over")

    async def _hand_over_late(self, upstream: RealtimeSession, frame: bytes) -> None:
        """Wait until the provider takes the frame, then read on."""
        try:
            await upstream.send(frame)
        except ProviderError:
            # The conversation is told the same, after the last text that still came.
            wait = 0.0
        else:
            wait = self._session.handed_over(len(frame), self._clock())
        self._read_on_in(wait)

    def _read_on_in(self, seconds: float) -> None:
        self._socket.hold()
        asyncio.get_running_loop().call_later(seconds, self._socket.release)

    # The writer.

    def _stir(self) -> None:
        """Send what can be sent at once, and let the writer do the rest."""
        effects = self._session.effects
        if self._writing_since is None:
            while effects and isinstance(effect := effects[0], Send):
                if not self._socket.post(effect.message.to_bytes()):
                    break
                effects.popleft()
        if effects:
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
                    await self._socket.send(message.to_bytes(), text=True)
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
        with tracing.span("identify"):
            user = await self._admission.identify(start, self._caller)
        self._report.identified(user)
        async with self._admission.of(user) as admission:
            self._report.paying(own_key=admission.own_key)
            await self._talk_as(user, start, admission, admitted)

    async def _talk_as(
        self, user: User, start: Start, admission: Admission, admitted: Callable[[], None]
    ) -> None:
        session, clock, report = self._session, self._clock, self._report
        fitted = await admission.options(start)
        options = fitted.options
        report.asked(options)
        if start.resumes is None:
            self._bridge.enter(self, self._caller.address, clock())
        else:
            await self._bridge.succeed(self, user.id, start.resumes, self._caller.address, clock())
        self._socket.let_in()
        async with admission.open(
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
                terms = Terms(
                    grant.id,
                    options.model,
                    grant.granted_seconds,
                    grant.cut_by,
                    fitted.max_lag_ms,
                    fitted.ignored,
                )
                session.opened(terms, clock())
                admitted()
                self._wake.set()
                # A failure is told before the settlement, which may take a while.
                await self._guard(partial(self._listen, upstream))
                self._leaving = True

    async def _listen(self, upstream: RealtimeSession) -> None:
        session = self._session

        def hear(event: RealtimeEvent) -> None:
            session.provider_event(event, self._clock())
            self._stir()

        await upstream.listen(hear)

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
