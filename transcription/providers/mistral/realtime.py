"""Mistral's realtime wire: `wss://…/v1/audio/transcriptions/realtime`.

We own the socket and take the messages and their parser from the SDK: the SDK's own
connection swallows cancellation, so a deadline around its reader never fires, and offers
permessage-deflate, which costs CPU and memory for PCM that hardly compresses.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog
from mistralai.client.models import (
    AudioFormat,
    RealtimeTranscriptionError,
    RealtimeTranscriptionInputAudioEnd,
    RealtimeTranscriptionInputAudioFlush,
    RealtimeTranscriptionSessionCreated,
    RealtimeTranscriptionSessionUpdateMessage,
    RealtimeTranscriptionSessionUpdatePayload,
    TranscriptionStreamDone,
    TranscriptionStreamLanguage,
)
from mistralai.extra.realtime.connection import parse_realtime_event
from pybase64 import b64encode
from pydantic import SecretStr
from pydantic_core import from_json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from shared_schema.audio import SAMPLE_RATE
from transcription.direct_socket import DirectSocket
from transcription.errors import ProviderError, ProviderUnavailable
from transcription.observability import quiet_logger
from transcription.providers.base import (
    LanguageDetected,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeOptions,
    TextDelta,
    TranscriptDone,
)
from transcription.providers.mistral import failures, models

_PATH: Final = "/v1/audio/transcriptions/realtime"
_APPEND_HEAD: Final = b'{"audio":"'
_APPEND_TAIL: Final = b'","type":"input_audio.append"}'
_TEXT_DELTA: Final = "transcription.text.delta"
_END: Final = (
    RealtimeTranscriptionInputAudioFlush().model_dump_json(),
    RealtimeTranscriptionInputAudioEnd().model_dump_json(),
)
_CLOSE_SECONDS: Final = 0.5
_MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
"""`transcription.done` repeats the whole text, with its segments."""
_WRITE_LIMIT: Final = 32_768
"""Bytes that may wait for a provider that reads slowly: about 0.75 s of audio, as base64."""

_log = structlog.get_logger(__name__)
_socket_log = quiet_logger("utter.mistral.socket")


class MistralRealtime:
    """Opens realtime sessions with Mistral.

    Args:
        server_url: Mistral's address, `http:` or `https:`.
        api_key: The deployment's key.
        connect_seconds: Limit on the handshake up to `session.created`.
    """

    def __init__(self, *, server_url: str, api_key: SecretStr, connect_seconds: float) -> None:
        parts = urlsplit(server_url)
        secure = parts.scheme == "https"
        self._url = urlunsplit(
            ("wss" if secure else "ws", parts.netloc, parts.path.rstrip("/") + _PATH, "", "")
        )
        self._headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"}
        self._connect_seconds = connect_seconds
        # Loading the trust store takes tens of milliseconds: once, not for each session.
        self._tls = ssl.create_default_context() if secure else None

    async def realtime_capabilities(self, model: str) -> RealtimeCapabilities:
        """Return what `model` can do.

        Raises:
            NotFound: the model is not offered.
        """
        return models.realtime_capabilities(model)

    async def warm_up(self) -> None:
        """Build each model's validator once, so that the first session does not pay for it."""
        for payload in ({"type": "transcription.text.delta", "text": ""}, {"type": "error"}):
            parse_realtime_event(payload)
        _update_message(RealtimeOptions(model="", language="en", context_bias=("a",)))

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator["MistralSession"]:
        """Connect, await `session.created`, configure; close when left, whatever happened.

        Raises:
            ProviderError: Mistral cannot be reached in time or refuses.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._connect_seconds
        socket = await self._connect(options.model)
        try:
            session = MistralSession(socket)
            await session.configure(options, deadline - loop.time())
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

    async def _connect(self, model: str) -> "_Socket":
        try:
            socket = await _Connect(
                f"{self._url}?{urlencode({'model': model})}",
                additional_headers=self._headers,
                ssl=self._tls,
                compression=None,
                open_timeout=self._connect_seconds,
                close_timeout=_CLOSE_SECONDS,
                # Audio flows all the time and the session's watchdog sees a silent provider.
                ping_interval=None,
                max_size=_MAX_EVENT_BYTES,
                create_connection=_Socket,
                write_limit=_WRITE_LIMIT,
                logger=_socket_log,
            )
        except InvalidStatus as refusal:
            raise _refused(refusal) from None
        except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
            _log.warning("provider_connect_failed", error=type(error).__name__)
            raise ProviderUnavailable from None
        assert isinstance(socket, _Socket)  # noqa: S101 - made by `create_connection`
        return socket


class _Connect(connect):
    """Follows no redirect: the library would take our key along, to whatever host."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Take a redirect for the refusal that it is to us."""
        return exc


class _Socket(DirectSocket, ClientConnection):
    """A socket with Mistral."""


class MistralSession:
    """One open session; made by `MistralRealtime.open_realtime`."""

    def __init__(self, socket: _Socket) -> None:
        self._socket = socket
        self._ended = False
        self.request_id: str | None = None

    async def configure(self, options: RealtimeOptions, seconds: float) -> None:
        """Await `session.created` and send `session.update`.

        Its answer is not awaited: a refusal comes as an `error` event, and waiting would
        cost every session a round trip.

        Raises:
            ProviderError: Mistral refuses, closes, or takes longer than `seconds`.
        """
        async with _within(seconds):
            await self._hear_until(self._created)
            try:
                await self._socket.send(_update_message(options))
            except ConnectionClosed:
                # Why it closed may stand in what it said before.
                await self.listen(lambda _: None)
                raise ProviderUnavailable from None

    def offer(self, pcm: bytes) -> bool:
        """Hand over PCM if the socket takes it at once; False: it has to be sent."""
        return self._socket.post(_append(pcm))

    async def send(self, pcm: bytes) -> None:
        """Hand over PCM; returns when the socket has taken it.

        Raises:
            ProviderError: the provider is gone.
        """
        try:
            await self._socket.send(_append(pcm), text=True)
        except ConnectionClosed:
            raise ProviderUnavailable from None

    async def end(self) -> None:
        """Flush and end the audio, once. A socket that is gone is told by `listen`."""
        if self._ended:
            return
        self._ended = True
        try:
            for message in _END:
                await self._socket.send(message)
        except ConnectionClosed:
            return

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Tell `hear` each event up to and with `TranscriptDone`; unknown ones are passed over.

        Raises:
            ProviderError: Mistral reports an error, or closes before it was done.
        """

        def take(message: bytes) -> bool:
            event = _event(message)
            if event is not None:
                hear(event)
            return isinstance(event, TranscriptDone)

        await self._hear_until(take)

    def _created(self, message: bytes) -> bool:
        event = parse_realtime_event(_payload(message))
        if isinstance(event, RealtimeTranscriptionError):
            raise _failed(event)
        if isinstance(event, RealtimeTranscriptionSessionCreated):
            self.request_id = event.session.request_id
            # What comes after it is for `listen`.
            self._socket.hold()
        return self.request_id is not None

    async def _hear_until(self, take: Callable[[bytes], bool]) -> None:
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

        self._socket.listen(on_message, on_lost)
        await over


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ProviderUnavailable from None


def _append(pcm: bytes) -> bytes:
    """Return `input_audio.append` as the SDK writes it, without its model: ten come a second."""
    return b"".join((_APPEND_HEAD, b64encode(pcm), _APPEND_TAIL))


def _payload(message: bytes) -> Any:
    try:
        return from_json(message)
    except ValueError:
        return None


def _event(message: bytes) -> RealtimeEvent | None:
    """Return our event for a message; None for what says nothing to a caller.

    Raises:
        ProviderError: it is an error event.
    """
    payload = _payload(message)
    if isinstance(payload, dict) and payload.get("type") == _TEXT_DELTA:
        # Nearly every event. The SDK's model would check no more.
        text = payload.get("text")
        return TextDelta(text) if isinstance(text, str) else None
    event = parse_realtime_event(payload)
    if isinstance(event, TranscriptionStreamDone):
        return TranscriptDone(event.text, event.language, event.usage.prompt_audio_seconds or None)
    if isinstance(event, TranscriptionStreamLanguage):
        return LanguageDetected(event.audio_language)
    if isinstance(event, RealtimeTranscriptionError):
        raise _failed(event)
    return None


def _update_message(options: RealtimeOptions) -> str:
    """Return `session.update` as the SDK writes it."""
    fields: dict[str, Any] = {
        "audio_format": AudioFormat(encoding="pcm_s16le", sample_rate=SAMPLE_RATE),
        "target_streaming_delay_ms": options.target_streaming_delay_ms,
        "context_bias": list(options.context_bias) or None,
        "language": options.language,
    }
    payload = RealtimeTranscriptionSessionUpdatePayload.model_validate(
        {name: value for name, value in fields.items() if value is not None}
    )
    return RealtimeTranscriptionSessionUpdateMessage(session=payload).model_dump_json()


def _refused(refusal: InvalidStatus) -> ProviderError:
    status = refusal.response.status_code
    if status in {401, 403}:
        # The operator's alarm: a user can do nothing about our key.
        _log.error("provider_key_refused", status=status)
    else:
        _log.warning("provider_refused", status=status)
    return failures.from_status(status, retry_after=refusal.response.headers.get("Retry-After"))


def _failed(event: RealtimeTranscriptionError) -> ProviderError:
    code = event.error.code
    _log.warning("provider_error_event", code=code)
    return failures.from_status(code, body=event.error.message)
