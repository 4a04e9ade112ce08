"""The socket with a provider: opening, handing audio over, hearing, closing.

What is said on it is each provider's own. How it is opened, how long that may take, and what it
means when it fails is the same for all of them.
"""

import asyncio
import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog
from pybase64 import b64encode
from pydantic import SecretStr
from pydantic_core import from_json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from shared_schema.network import trusts_environment
from transcription.direct_socket import DirectSocket
from transcription.errors import ProviderError, ProviderRejected, ProviderUnavailable
from transcription.providers import failures
from transcription.providers.base import RealtimeEvent, RealtimeOptions, TranscriptDone

_CLOSE_SECONDS: Final = 0.5
_MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
"""The last event repeats the whole text, with its segments."""
_WRITE_LIMIT: Final = 32_768
"""Bytes that may wait for a provider that reads slowly: about 0.75 s of audio, as base64."""

_log = structlog.get_logger(__name__)
# A child of the library's, which never writes headers or payloads: see `process.logs`.
_socket_log = logging.getLogger("websockets.provider")


class Upstream(ABC):
    """Opens realtime sessions with one provider; what is asked of it is its subclass's to say.

    Args:
        server_url: The provider's address, `http:` or `https:`.
        api_key: Told as a bearer; None: the provider asks for none.
        connect_seconds: Limit on the way to the open session.
    """

    _path: str
    """Of the wire, behind the address's own."""
    _absent: frozenset[int] = frozenset()
    """Statuses of the handshake that mean that there is no realtime at this address."""
    _session: type["UpstreamSession"]

    def __init__(
        self, *, server_url: str, api_key: SecretStr | None, connect_seconds: float
    ) -> None:
        parts = urlsplit(server_url)
        secure = parts.scheme == "https"
        self._url = urlunsplit(
            ("wss" if secure else "ws", parts.netloc, parts.path.rstrip("/") + self._path, "", "")
        )
        self._headers = (
            {} if api_key is None else {"Authorization": f"Bearer {api_key.get_secret_value()}"}
        )
        self._connect_seconds = connect_seconds
        self._tls = _trusted() if secure else None
        self._proxy: Literal[True] | None = True if trusts_environment(server_url) else None

    @abstractmethod
    def _update(self, options: RealtimeOptions) -> str:
        """Return the message that says what a session is to be."""

    def _query(self, options: RealtimeOptions) -> Mapping[str, str]:
        """Return the query of the address."""
        return {}

    async def aclose(self) -> None:  # noqa: B027 - for all of them
        """Do nothing: only sessions hold connections, and they stay open."""

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator["UpstreamSession"]:
        """Connect, await the greeting, configure; close when left, whatever happened.

        Raises:
            ProviderError: the provider cannot be reached in time or refuses.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._connect_seconds
        query = urlencode(self._query(options))
        socket = await self._connect(f"{self._url}?{query}" if query else self._url)
        try:
            session = self._session(socket)
            async with _until(deadline):
                await session.configure(self._update(options))
            yield session
        finally:
            socket.ignore()
            try:
                # Limited as a whole: a provider that reads nothing holds up the close frame.
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await socket.close()
            except TimeoutError:
                pass
            finally:
                socket.transport.abort()

    async def _connect(self, url: str) -> "UpstreamSocket":
        try:
            socket = await _Connect(
                url,
                additional_headers=self._headers,
                ssl=self._tls,
                compression=None,
                proxy=self._proxy,
                open_timeout=self._connect_seconds,
                close_timeout=_CLOSE_SECONDS,
                # Audio flows all the time and the session's watchdog sees a silent provider.
                ping_interval=None,
                max_size=_MAX_EVENT_BYTES,
                create_connection=UpstreamSocket,
                write_limit=_WRITE_LIMIT,
                logger=_socket_log,
            )
        except InvalidStatus as refusal:
            if refusal.response.status_code in self._absent:
                _log.warning("provider_has_no_realtime", status=refusal.response.status_code)
                raise ProviderRejected("The provider has no realtime transcription.") from None
            raise _refused(refusal) from None
        except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
            _log.warning("provider_connect_failed", error=type(error).__name__)
            raise ProviderUnavailable from None
        assert isinstance(socket, UpstreamSocket)  # noqa: S101 - made by `create_connection`
        return socket


class _Connect(connect):
    """Follows no redirect: the library would take our key along, to whatever host."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Take a redirect for the refusal that it is to us."""
        return exc


class UpstreamSocket(DirectSocket, ClientConnection):
    """A socket with a provider."""

    async def hear_until(self, take: Callable[[bytes], bool]) -> None:
        """Let `take` have each message as it comes, until it says that this was the last.

        Raises:
            ProviderUnavailable: the socket was closed before.
            Exception: whatever `take` has raised.
        """
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def on_message(message: bytes, _: bool) -> None:
            if over.done():
                return
            try:
                if take(message):
                    over.set_result(None)
            except Exception as error:
                over.set_exception(error)

        def on_lost() -> None:
            if not over.done():
                over.set_exception(ProviderUnavailable())

        self.listen(on_message, on_lost)
        await over

    def pretend(self, message: bytes) -> None:
        """Take a message for one of the provider's, behind those that came."""
        self._deliver(message, True)


class UpstreamSession(ABC):
    """One open session; how a provider's messages look is its subclass's to say.

    Args:
        socket: Just opened.
    """

    _append_head: bytes
    """Of the message that hands PCM over, before its base64."""
    _append_tail: bytes
    _endings: Sequence[str]
    """Messages that say that no more audio comes."""
    _probes: Sequence[str] = ()
    """Messages that ask for the text of the audio so far."""
    _nothing: bytes | None = None
    """What we answer in the provider's place, where it answers nothing to an end without audio."""

    def __init__(self, socket: UpstreamSocket) -> None:
        self._socket = socket
        self._begun = False
        self._ended = False
        self.request_id: str | None = None

    def _append(self, pcm: bytes) -> bytes:
        """Return the message that hands PCM over."""
        return b"".join((self._append_head, b64encode(pcm), self._append_tail))

    @abstractmethod
    def _event(self, message: bytes) -> RealtimeEvent | None:
        """Return our event for a message; None for what says nothing to a caller.

        Raises:
            ProviderError: it is an error event.
        """

    @abstractmethod
    def _created(self, message: bytes) -> str | None:
        """Return the provider's name for the session, from the message that has it.

        Raises:
            ProviderError: it is an error event.
        """

    async def configure(self, update: str) -> None:
        """Await the provider's greeting and say what this session is to be.

        An answer is not awaited: a refusal comes as an error event, and waiting would cost every
        session a round trip.

        Raises:
            ProviderError: the provider refuses or closes.
        """

        def take(message: bytes) -> bool:
            self.request_id = self._created(message)
            if self.request_id is not None:
                # What comes after it is for `listen`.
                self._socket.hold()
            return self.request_id is not None

        await self._socket.hear_until(take)
        try:
            await self._socket.send(update)
        except ConnectionClosed:
            # Why it closed may stand in what it said before.
            await self.listen(lambda _: None)
            raise ProviderUnavailable from None

    def offer(self, pcm: bytes) -> bool:
        """Hand over PCM if the socket takes it at once; False: it has to be sent."""
        return self._socket.post(self._append(pcm))

    async def send(self, pcm: bytes) -> None:
        """Hand over PCM; returns when the socket has taken it.

        Raises:
            ProviderError: the provider is gone.
        """
        self._begun = True
        await self._say(self._append(pcm))

    async def probe(self) -> None:
        """Ask for the text of the audio so far, where the wire can.

        Raises:
            ProviderUnavailable: the provider is gone.
        """
        for message in () if self._ended else self._probes:
            await self._say(message)

    async def end(self) -> None:
        """End the audio, once. `listen` reports a socket that is gone."""
        if self._ended:
            return
        self._ended = True
        if self._nothing is not None and not self._begun:
            self._socket.pretend(self._nothing)
            return
        try:
            for message in self._endings:
                await self._socket.send(message)
        except ConnectionClosed:
            return

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Tell `hear` each event up to and with `TranscriptDone`; unknown ones are passed over.

        Raises:
            ProviderError: the provider reports an error, or closes before it was done.
        """

        def take(message: bytes) -> bool:
            event = self._event(message)
            if event is not None:
                hear(event)
            return isinstance(event, TranscriptDone)

        await self._socket.hear_until(take)

    async def _say(self, message: bytes | str) -> None:
        try:
            await self._socket.send(message, text=True)
        except ConnectionClosed:
            raise ProviderUnavailable from None


def payload(message: bytes) -> Any:
    """Return what a message's JSON holds; None where it is none."""
    try:
        return from_json(message)
    except ValueError:
        return None


@cache
def _trusted() -> ssl.SSLContext:
    # Loading the trust store takes tens of milliseconds: once, not for each session or key.
    return ssl.create_default_context()


@asynccontextmanager
async def _until(deadline: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise ProviderUnavailable from None


def _refused(refusal: InvalidStatus) -> ProviderError:
    status = refusal.response.status_code
    if status not in failures.KEY_STATUSES:  # an alarm or not, by whose key it is
        _log.warning("provider_refused", status=status)
    return failures.from_status(status, retry_after=refusal.response.headers.get("Retry-After"))
