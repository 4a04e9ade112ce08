"""A provider's HTTP: one file sent, its answer read, within one deadline and one size.

How a form is written and an answer read is each provider's own. How a file is sent, when it is sent
again, and how long all of it may take is the same for all of them.
"""

import asyncio
import json
import random
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import cache
from typing import IO, Any, Final, TypeVar

import httpx2
import structlog
from mistralai.client.utils.eventstreaming import stream_events_async
from pydantic import SecretStr
from pydantic_core import from_json

from shared_schema.network import trusts_environment
from transcription.errors import ProviderError, ProviderUnavailable
from transcription.providers import failures
from transcription.providers.base import AudioFile, FileEvent, FileOptions, TranscriptionResult

_PATH: Final = "/v1/audio/transcriptions"
ATTEMPTS: Final = 4
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0
"""A `Retry-After` beyond it is the caller's to wait for."""
WRITE_SECONDS: Final = 30.0
MAX_BYTES: Final = 8 * 1024 * 1024
"""Of an answer. Five minutes of speech, word by word, are about 0.2 MB."""
_NOT_PROCESSED: Final = frozenset({429, 503})
"""Statuses that say that the request was not worked on (RFC 6585, section 4; RFC 9110, 15.6.4)."""

Form = tuple[dict[str, Any], list[tuple[str, Any]]]
"""Fields, and files."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@cache
def trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted over HTTP.

    Reading them takes tens of milliseconds, so they are read once, for every client of every key.
    """
    return httpx2.create_ssl_context()


class HttpFiles(ABC):
    """The batch half of a provider whose wire is OpenAI's, more or less.

    Args:
        server_url: The provider's address.
        api_key: Sent as a bearer; None: the provider asks for none.
        connect_seconds: Limit on a connection's handshake.
        deadline_seconds: Limit on a whole transcription, with its retries.
        first_pause_seconds: Before the first retry; doubles, jittered.
    """

    def __init__(
        self,
        *,
        server_url: str,
        api_key: SecretStr | None,
        connect_seconds: float,
        deadline_seconds: float,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        bearer = None if api_key is None else f"Bearer {api_key.get_secret_value()}"
        self._http = httpx2.AsyncClient(
            base_url=server_url,
            headers={"Authorization": bearer} if bearer is not None else {},
            timeout=httpx2.Timeout(deadline_seconds, connect=connect_seconds, write=WRITE_SECONDS),
            verify=trusted(),
            trust_env=trusts_environment(server_url),
        )
        self._deadline = deadline_seconds
        self._first_pause = first_pause_seconds

    @abstractmethod
    def _form(
        self, audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool
    ) -> Form:
        """Return what to send."""

    @abstractmethod
    async def _result(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> TranscriptionResult:
        """Return what an answer with status 200 says.

        Raises:
            ProviderUnavailable: it breaks off, is too large, or not what was promised.
        """

    @abstractmethod
    def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Iterate over server-sent events up to and with the result.

        Raises:
            ProviderError: the provider reports an error, or breaks off before it was done.
        """

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Transcribe a whole file.

        Raises:
            ProviderError: the provider cannot be reached, refuses, or takes too long.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline
        sent = await by(deadline, self._send(audio, options, deadline, stream=False))
        async with aclosing(sent) as response:
            return await by(deadline, self._result(response, audio, options))

    async def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Transcribe a whole file and give the text as it comes; the result is last.

        Raises:
            ProviderError: the provider cannot be reached, refuses, takes too long, or breaks off.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline
        sent = await by(deadline, self._send(audio, options, deadline, stream=True))
        async with (
            aclosing(sent) as response,
            aclosing(self._events(response, audio, options)) as events,
        ):
            while (event := await by(deadline, anext(events, None))) is not None:
                yield event

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _send(
        self, audio: AudioFile, options: FileOptions, deadline: float, *, stream: bool
    ) -> httpx2.Response:
        """Send a file, again where it surely was not worked on, until an answer begins."""
        with await asyncio.to_thread(audio.path.open, "rb") as file:
            form = self._form(audio, options, file, stream=stream)
            for attempt in range(1, ATTEMPTS + 1):
                answer = await self._try(form, stream=stream)
                if isinstance(answer, httpx2.Response):
                    return answer
                answer.worked_on = False
                if not options.again:
                    raise answer
                pause = answer.retry_after
                if pause is None:
                    longest = min(self._first_pause * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
                    pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                over = asyncio.get_running_loop().time() + pause >= deadline
                if attempt == ATTEMPTS or over or pause > LONGEST_PAUSE_SECONDS:
                    raise answer
                await asyncio.sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    async def _try(self, form: Form, *, stream: bool) -> httpx2.Response | ProviderError:
        """Send once. An error that is returned, and not raised, is safe to try again after."""
        data, files = form
        accept = "text/event-stream" if stream else "application/json"
        request = self._http.build_request(
            "POST", _PATH, data=data, files=files, headers={"Accept": accept}
        )
        try:
            response = await self._http.send(request, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            _log.warning("provider_connect_failed", error=type(error).__name__)
            return ProviderUnavailable()
        except httpx2.TransportError as error:
            _log.warning("provider_lost", error=type(error).__name__)
            raise ProviderUnavailable from None
        if response.status_code == 200:
            return response
        async with aclosing(response):
            failure = await refusal(response)
        if response.status_code in _NOT_PROCESSED:
            return failure
        raise failure


async def by(deadline: float, answer: Awaitable[T]) -> T:
    """Await until a moment of the loop's clock.

    Raises:
        ProviderUnavailable: that moment has come.
    """
    try:
        async with asyncio.timeout_at(deadline):
            return await answer
    except TimeoutError:
        _log.warning("provider_too_slow")
        raise ProviderUnavailable("The provider took too long.") from None


async def read(response: httpx2.Response) -> bytes:
    """Return an answer's body.

    Raises:
        ProviderUnavailable: it breaks off, or is unreasonably large.
    """
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                _log.error("provider_answer_too_large")
                raise ProviderUnavailable
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        _log.warning("provider_lost", error=type(error).__name__)
        raise ProviderUnavailable from None
    return bytes(body)


async def read_object(response: httpx2.Response) -> dict[str, Any]:
    """Return an answer's body, an object with a `text`.

    Raises:
        ProviderUnavailable: it breaks off, is unreasonably large, or not what was promised.
    """
    try:
        answer = from_json(await read(response))
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        not_understood()
        raise ProviderUnavailable
    return answer


def metadata(
    response: httpx2.Response, model: str, billed_seconds: float | None
) -> dict[str, str | float]:
    """Return what the log and the ledger are told of an answer."""
    told: dict[str, str | float] = {"model": model}
    if "x-request-id" in response.headers:
        told["request_id"] = response.headers["x-request-id"]
    if billed_seconds is not None:
        told["billed_seconds"] = billed_seconds
    return told


async def server_sent(
    response: httpx2.Response, decode: Callable[[str], T]
) -> AsyncGenerator[T, None]:
    """Iterate over server-sent events, each decoded.

    Args:
        response: Begun.
        decode: Given the event's fields as JSON; a `ValueError` of its is an answer not understood.

    Raises:
        ProviderUnavailable: the stream breaks off, or is not what was promised.
    """
    try:
        async with aclosing(stream_events_async(response, decode)) as sent:
            async for event in sent:
                yield event
    except (httpx2.TransportError, httpx2.DecodingError) as error:
        _log.warning("provider_lost", error=type(error).__name__)
        raise ProviderUnavailable from None
    except ValueError:
        not_understood()
        raise ProviderUnavailable from None


def server_sent_json(event: str) -> dict[str, Any]:
    """Return the data of a server-sent event, an object.

    Raises:
        ValueError: it is none.
    """
    data = from_json(event)["data"]
    if not isinstance(data, dict):
        message = "no object"
        raise ValueError(message)
    return data


def not_understood() -> None:
    """Tell the operator that an answer is not what was promised."""
    _log.error("provider_answer_not_understood")


async def refusal(response: httpx2.Response) -> ProviderError:
    """Return what an answer with another status than 200 means."""
    status = response.status_code
    if status not in failures.KEY_STATUSES:  # an alarm or not, by whose key it is
        _log.warning("provider_refused", status=status)
    try:
        body = json.loads(await read(response))
    except (ValueError, ProviderUnavailable):
        body = None
    return failures.from_status(status, retry_after=response.headers.get("Retry-After"), body=body)
