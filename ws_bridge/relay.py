"""One client's socket and one provider's, and the session that decides between them.

What comes from either socket is dealt with in the read that brings it: a frame is handed over,
a word is passed on, and no task wakes. Two tasks do what may take a while: the conversation opens,
holds and settles what stands behind the session, the writer does what the session asks for and
what cannot be done at once, in order. Between the two sockets stands no queue: while the provider
does not take a frame the client is read no further, and what waits is bounded by one read and
the sockets' buffers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

import structlog
from websockets.exceptions import ConnectionClosed

from shared_schema import audio
from shared_schema.client_messages import Start
from transcription.errors import (
    Capacity,
    Draining,
    Forbidden,
    InternalError,
    InvalidMessage,
    ProviderError,
    SlowConsumer,
    TranscriptionError,
)
from transcription.ledger.heartbeat import Loss
from transcription.process import tracing
from transcription.process.record import Records, TranscriptionRecord
from transcription.providers.base import RealtimeEvent, RealtimeSession
from ws_bridge.admission import Admission, Caller
from ws_bridge.bridge import Bridge
from ws_bridge.client_socket import Socket
from ws_bridge.effects import Close, EndAudio, Open, Ping, Probe, Send
from ws_bridge.session import Session, Timing

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
        records: Told how it ended.
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
        records: Records,
        timing: Timing,
        slow_seconds: float,
    ) -> None:
        self._socket = socket
        socket.on_excess = self._refuse
        self._caller = caller
        self._bridge = bridge
        self._admission = admission
        self._records = records
        self._record = records.new("realtime")
        self._slow_seconds = slow_seconds
        self._clock = asyncio.get_running_loop().time
        self.session = Session(timing, self._clock())
        self._tasks = asyncio.TaskGroup()
        self._conversation: asyncio.Task[None] | None = None
        self._leaving = False
        self._upstream: RealtimeSession | None = None
        self._wake = asyncio.Event()
        self._handing_over: asyncio.Task[None] | None = None
        self._credited = asyncio.Event()
        self._writing_since: float | None = None
        self._slow_timeout = asyncio.timeout(None)

    async def run(self) -> None:
        """Serve the socket until it is closed and everything of it is settled."""
        try:
            self._bridge.arrive(self, self._caller.address, self._clock())
        except TranscriptionError as refusal:
            self.session.fail(refusal, self._clock())
            self._wake.set()
        try:
            async with self._tasks:
                self._socket.listen(self._hear, self._lose)
                close = await self._write()
                self._leave_provider()
                self._bridge.release(self)
                if self.session.terms is None:
                    self._socket.put_out()
                self._socket.ignore()
                await self._hang_up(close)
                if self._handing_over is not None:
                    self._handing_over.cancel()
        finally:
            self._bridge.leave(self)
            self._tell()

    # As the bridge and the door hold it.

    def let_in(self) -> None:
        """Have a place from now on."""
        self._socket.let_in()

    def credit(self, seconds: float) -> None:
        """Let so many seconds of audio be handed over in all."""
        self.session.recredit(seconds)
        self._credited.set()

    def lost(self, loss: Loss) -> None:
        """End, because the ledger has given the place away or an operator has ended the session."""
        _log.info("session_lost", state=loss)
        if loss == "replaced":
            self.session.replaced(self._clock())
        else:
            self.session.fail(Forbidden("This session was ended by the server."), self._clock())
        self._stir()

    def tick(self, now: float) -> None:
        """Look at the clock: the session's deadlines, and a client that does not read."""
        self.session.tick(now)
        since = self._writing_since
        if since is not None and (
            now - since >= self._slow_seconds or len(self.session.effects) > MAX_UNSENT
        ):
            self.session.fail(SlowConsumer("Messages were not read for too long."), now)
            self._slow_timeout.reschedule(now)
        self._stir()

    def drain(self, seconds: float, now: float) -> None:
        """Tell the client that the server goes away in `seconds`."""
        self.session.drain(seconds, now)
        self._stir()

    def end(self, now: float) -> None:
        """Tell the client that the server goes away now, with the text that there is."""
        self.session.fail(Draining(retry_after=0.0), now)
        self._stir()

    def evict(self) -> bool:
        """Tell the client, which has been waiting for long, that the server is full."""
        self.session.fail(Capacity(retry_after=1.0), self._clock())
        self._stir()
        return True

    async def replace(self, now: float) -> None:
        """End and settle, because another session of the same user takes the place."""
        self.session.replaced(now)
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
        self.session.fail(error, self._clock())

    # The client.

    def _refuse(self, why: str) -> None:
        self.session.fail(InvalidMessage(why), self._clock())
        self._stir()

    def _hear(self, message: bytes, is_text: bool) -> None:
        """Take in a message of the client's."""
        session, now = self.session, self._clock()
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
        self.session.gone(self._clock())
        self._stir()

    def _hand_over(self, frame: bytes, now: float) -> None:
        upstream = self._upstream
        if upstream is None:
            return
        if self.session.affords(len(frame)) and upstream.offer(frame):
            wait = self.session.handed_over(len(frame), now)
            if wait > 0:
                self._read_on_in(wait)
        else:
            self._socket.hold()
            work = partial(self._hand_over_late, upstream, frame)
            self._handing_over = self._tasks.create_task(self._guard(work), name="hand-over")

    async def _hand_over_late(self, upstream: RealtimeSession, frame: bytes) -> None:
        """Wait until the ledger allows the frame and the provider takes it, then read on."""
        while not self.session.affords(len(frame)):
            self._credited.clear()
            await self._credited.wait()
        try:
            await upstream.send(frame)
        except ProviderError:
            # The conversation learns it too, after the last text that still came.
            wait = 0.0
        else:
            wait = self.session.handed_over(len(frame), self._clock())
        self._read_on_in(wait)

    def _read_on_in(self, seconds: float) -> None:
        self._socket.hold()
        asyncio.get_running_loop().call_later(seconds, self._socket.release)

    # The writer.

    def _stir(self) -> None:
        """Send what can be sent at once, and let the writer do the rest."""
        effects = self.session.effects
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
            async with self._slow_timeout:
                return await self._perform_all()
        except TimeoutError:
            # The client does not read: what is left goes out without waiting for it.
            return await self._perform_rest()

    async def _perform_all(self) -> Close:
        effects = self.session.effects
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
        for effect in self.session.effects:
            if isinstance(effect, Close):
                return effect
            if isinstance(effect, Send):
                # A message is written before `send` first waits, so nothing of it is lost.
                with suppress(TimeoutError):
                    async with asyncio.timeout(0):
                        await self._perform(effect)
        raise AssertionError  # a session whose client does not read is closed

    async def _perform(self, effect: Open | Send | EndAudio | Probe | Ping) -> None:
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
                case Probe():
                    if self._upstream is not None:
                        self._tasks.create_task(self._guard(self._upstream.probe), name="probe")
                case Ping():
                    pong = asyncio.ensure_future(await self._socket.ping())
                    pong.add_done_callback(self._ponged)
        except ConnectionClosed:
            self.session.gone(self._clock())

    async def _hang_up(self, close: Close) -> None:
        """Close the socket. A client that does not read could hold up the close frame for ever."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close(close.code, close.reason)
        except TimeoutError:
            self._socket.transport.abort()

    def _ponged(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.session.pong(self._clock())

    # What stands behind the session.

    async def _converse(self, start: Start) -> None:
        """Be let in and bring the provider's words; everything is settled after."""
        async with self._admission.admit(start, self._caller, self, self._record) as admitted:
            self._upstream = admitted.upstream
            self.session.opened(admitted.terms, self._clock())
            self._wake.set()
            # A failure is sent before the settlement, which may take a while.
            await self._guard(partial(admitted.listen, self._hear_provider))
            self._leaving = True

    def _hear_provider(self, event: RealtimeEvent) -> None:
        self.session.provider_event(event, self._clock())
        self._stir()

    def _tell(self) -> None:
        """Tell how it ended."""
        session, now = self.session, self._clock()
        _describe(session, self._record, now)
        # Who asks for nothing is counted and leaves no line: strangers could fill the disk.
        self._records.tell(self._record, session.error, is_logged=session.start is not None)
        if session.ended_at is not None and session.closed_at is not None:
            code = session.error.code if session.error is not None else None
            tracing.past("finish", session.ended_at, session.closed_at, now=now, code=code)


def _describe(session: Session, record: TranscriptionRecord, now: float) -> None:
    """Take down what a session has come to."""
    record.status, record.code = session.status, session.outcome
    record.close_code = session.close_code
    record.wall_seconds = round(now - session.arrived_at, 3)
    record.language = session.language or record.language
    record.resumes = session.start.resumes if session.start is not None else None
    if session.terms is not None:
        record.session_id = session.terms.session_id
        record.audio_seconds = audio.seconds(session.handed)
        record.bytes_in = session.received
        record.frames = session.frames
        record.deltas = session.deltas
    record.ready_ms = _ms(session.started_at, session.ready_at)
    record.first_delta_ms = _ms(session.first_frame_at, session.first_delta_at)
    record.finish_ms = _ms(session.ended_at, session.closed_at)


def _ms(start: float | None, end: float | None) -> float | None:
    return round((end - start) * 1000, 1) if start is not None and end is not None else None
