"""Live transcription over a socket: audio in, words out, whatever happens in between.

::

    live = LiveTranscription("wss://example.org", token, on_event=print)
    result = await live.run(audio)
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    WebSocketException,
)

from shared_schema.base import REALTIME_PATH
from shared_schema.network import ProxyError, trusts_environment
from utter_transcribe.auth import TokenSupplier
from utter_transcribe.effects import Leave, Open, Tell
from utter_transcribe.errors import ClientError, Failure
from utter_transcribe.events import Event, Result
from utter_transcribe.link import Link, Patience
from utter_transcribe.messages import parse
from utter_transcribe.network import refusal, words_of
from utter_transcribe.options import Options
from utter_transcribe.recording import MAX_RECORDING_SECONDS, Recording
from utter_transcribe.session import Session

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0
PING_SECONDS = 10.0
"""Silence after which the peer is asked whether it is there, and how long it may take."""


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception:
        """Follow no redirect: a token is only for whom it was meant."""
        return exc


def realtime_url(url: str) -> str:
    """Return the socket's address for what people write: a host's address is enough.

    Raises:
        ValueError: It is no `http`, `https`, `ws` or `wss` address.
    """
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in {"ws", "wss"} or not parts.hostname:
        raise ValueError(f"not an address of a realtime service: {url!r}")
    path = parts.path if parts.path.strip("/") else REALTIME_PATH
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))


class LiveTranscription:
    """One recording, transcribed while it is made. Good for one `run`.

    The recording is kept from its first sample, before the service is even reached. When a
    session is lost, another one goes on somewhat before that point, and the texts are joined.

    Args:
        url: Of the service: `ws(s)://…` or `http(s)://…`, with or without a path.
        token: Called before every connect.
        options: For the provider.
        on_event: Called in order with everything that happens; must return at once.
        max_seconds: Longest recording; then the audio ends as if it had by itself.
        patience: How long to wait for what.

    Raises:
        ValueError: `url` is none of the above, or an option is outside the limits of the wire.
    """

    def __init__(
        self,
        url: str,
        token: TokenSupplier,
        *,
        options: Options | None = None,
        on_event: Callable[[Event], None] = lambda _: None,
        max_seconds: float = MAX_RECORDING_SECONDS,
        patience: Patience | None = None,
    ) -> None:
        self.url = realtime_url(url)
        self.recording = Recording(max_seconds)
        """What was recorded so far; whole after `run`."""
        self._token = token
        self._on_event = on_event
        self._session = Session(options, self.recording, patience)
        self._source: asyncio.Task[None] | None = None
        self._stopped = False
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """End the audio now; `run` returns when the service has finished the text."""
        self._stopped = True
        if self._source:
            self._source.cancel()
            self._session.end(time.monotonic())
            self._changed.set()

    def take_over(self, session_id: str) -> None:
        """Take the place of another session of the same person.

        Args:
            session_id: One of the `open_sessions` that came with `session_limit`
                (`Reconnecting.failure`).
        """
        self._session.take_over(session_id, time.monotonic())
        self._changed.set()

    async def run(self, audio: AsyncIterable[bytes]) -> Result:
        """Transcribe `audio`: mono PCM, signed 16-bit little-endian, 16 kHz, as it comes.

        Pieces may have any length. Cancelling this ends the session for good.

        Returns:
            What became of it. Also a failure is a result, since it may come with text.

        Raises:
            Exception: Whatever `audio` or the token supplier raises on its own account.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._source = group.create_task(self._record(audio), name="record")
                self._session.begin(time.monotonic())
                if self._stopped:
                    self.stop()
                result = await self._drive(group)
                self._source.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return result

    async def _record(self, audio: AsyncIterable[bytes]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(audio, AsyncGenerator):
                await stack.enter_async_context(contextlib.aclosing(audio))
            async for pcm in audio:
                self._session.feed(pcm, time.monotonic())
                self._changed.set()
                if self.recording.full:
                    break
        self._session.end(time.monotonic())
        self._changed.set()

    async def _drive(self, group: asyncio.TaskGroup) -> Result:
        """Do what the session decides until it is over."""
        tasks: dict[Link, asyncio.Task[None]] = {}
        wakes: dict[Link, asyncio.Event] = {}
        while True:
            for effect in self._session.effects():
                match effect:
                    case Open(link):
                        wake = wakes[link] = asyncio.Event()
                        serve = self._serve(link, wake, group)
                        tasks[link] = group.create_task(serve, name=f"link {link.number}")
                    case Leave(link):
                        tasks.pop(link).cancel()
                        del wakes[link]
                    case Tell(event):
                        self._on_event(event)
            if self._session.result:
                return self._session.result
            for wake in wakes.values():
                wake.set()
            deadline = self._session.deadline()
            wait = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            self._changed.clear()
            self._session.tick(time.monotonic())

    async def _serve(self, link: Link, wake: asyncio.Event, group: asyncio.TaskGroup) -> None:
        """Be a link from the connect to its end.

        Args:
            link: The session's side of it.
            wake: Set when there may be something to send.
            group: Owns its sender.
        """
        try:
            token = await self._token(fresh=link.fresh_token)
            async with self._connect(token) as socket:
                send = self._send(link, wake, socket)
                sender = group.create_task(send, name=f"send {link.number}")
                try:
                    failure = await self._receive(link, socket)
                finally:
                    sender.cancel()
        except ClientError as error:
            failure = error.failure
        except InvalidStatus as error:
            answer = error.response
            failure = refusal(answer.status_code, answer.headers, answer.body or b"")
        except ProxyError as error:
            failure = Failure(str(error), retryable=False)
        except (OSError, TimeoutError, WebSocketException) as error:
            failure = Failure(f"cannot connect: {words_of(error)}", retryable=True)
        self._session.lost(link, failure, time.monotonic())
        self._changed.set()

    def _connect(self, token: str) -> connect:
        return _Connect(
            self.url,
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,  # PCM does not shrink, and deflate costs more than it saves
            proxy=True if trusts_environment(self.url) else None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
        )

    async def _receive(self, link: Link, socket: ClientConnection) -> Failure:
        """Pass on what the service says until the socket closes; return why it did."""
        while True:
            try:
                raw = await socket.recv()
            except ConnectionClosed:
                return Failure.from_close(socket.close_code or 1006, socket.close_reason or "")
            message = parse(raw)
            if message:
                self._session.received(link, message, time.monotonic())
                self._changed.set()

    async def _send(self, link: Link, wake: asyncio.Event, socket: ClientConnection) -> None:
        """Send what there is, no faster than the service reads."""
        with contextlib.suppress(ConnectionClosed):  # the receiver reports it, with the reason
            await socket.send(self._session.start_message(link))
            while True:
                while message := self._session.next_message(link, time.monotonic()):
                    await socket.send(message)
                wake.clear()
                await wake.wait()
