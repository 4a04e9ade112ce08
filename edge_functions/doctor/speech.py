"""Three seconds of sound, sent as a page sends them: as a file, and live."""

import asyncio
import json
import math
import struct
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import httpx
from pydantic import SecretStr, ValidationError
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from edge_functions.doctor.finding import Fault
from edge_functions.doctor.site import Site, object_of
from shared_schema.audio import FRAME_BYTES, SAMPLE_RATE, AudioFormat
from shared_schema.client_messages import Start, Stop
from shared_schema.server_messages import Error, Ready, server_message
from shared_schema.server_messages import Final as FinalMessage
from transcription.settings import Settings

SECONDS: Final = 3.0
_PADDING_BYTES: Final = 4 * 1024 * 1024
"""Of the file, so that a proxy that limits bodies while it passes them on shows itself."""
_LONG_ENOUGH: Final = 0.2
"""Seconds beyond the shortest file that is taken."""
_READ_LOGS: Final = "docs/operations.md says what the code means; the services' log says why"


def sound(seconds: float) -> bytes:
    """Return a tone that swells like syllables: PCM s16le, mono, 16 kHz."""
    samples = (
        int(
            6000
            * math.sin(2 * math.pi * 180 * n / SAMPLE_RATE)
            * math.sin(math.pi * 3 * n / SAMPLE_RATE) ** 2
        )
        for n in range(int(seconds * SAMPLE_RATE))
    )
    return b"".join(struct.pack("<h", one) for one in samples)


def as_wav(pcm: bytes, padding: int) -> bytes:
    """Return PCM as a WAV file, with a chunk of so many bytes that readers pass over."""
    junk = struct.pack("<4sI", b"JUNK", padding) + bytes(padding)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    data = struct.pack("<4sI", b"data", len(pcm)) + pcm
    body = b"WAVE" + junk + form + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


class Speech:
    """Transcribes through the site, in the account's name.

    Args:
        settings: The deployment's.
        site: Where to.
        http: Client to send with; the caller owns it.
        frame_seconds: Between two frames of a live session.
    """

    def __init__(
        self, settings: Settings, site: Site, http: httpx.AsyncClient, *, frame_seconds: float
    ) -> None:
        self._settings = settings
        self._site = site
        self._http = http
        self._frame_seconds = frame_seconds

    async def upload(self, token: str) -> str:
        """Send a file, and wait for its transcript."""
        seconds = max(SECONDS, self._settings.min_audio_seconds) + _LONG_ENOUGH
        most, pcm = self._settings.max_upload_bytes, sound(seconds)
        padding = min(_PADDING_BYTES, most - len(pcm) - 100)
        file = as_wav(pcm, max(0, padding) & ~1)
        try:
            async with asyncio.timeout(self._settings.provider_file_seconds + 30):
                answer = await self._http.post(
                    f"{self._site.url}/api/transcriptions",
                    headers={
                        "Authorization": f"Bearer {token}",
                        "Idempotency-Key": str(uuid4()),
                    },
                    files={"audio": ("doctor.wav", file, "audio/wav")},
                    timeout=None,
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise Fault(
                f"an upload of {len(file):,} bytes gets no answer ({type(error).__name__})",
                "raise the proxy's limit on bodies, and its timeout above PROVIDER_FILE_SECONDS; "
                "read the functions' log",
            ) from None
        if answer.status_code == 413:
            raise Fault(
                f"an upload of {len(file):,} bytes is answered 413: {_why(answer)}",
                f"raise the proxy's limit on bodies above {most:,} bytes",
            )
        if not answer.is_success:
            raise Fault(f"an upload is answered {answer.status_code}: {_why(answer)}", _READ_LOGS)
        return f"a file of {seconds:.0f} s is transcribed"

    async def live(self, token: str) -> str:
        """Speak into a live session, and wait for its whole text."""
        try:
            async with (
                asyncio.timeout(60),
                self._site.socket() as socket,
            ):
                start = Start(
                    type="start",
                    v=1,
                    audio_format=AudioFormat(encoding="pcm_s16le", sample_rate=16_000),
                    access_token=SecretStr(token),
                )
                told = start.model_dump(mode="json", exclude_none=True)
                told["access_token"] = token
                await socket.send(json.dumps(told))
                await _until(socket, Ready)
                for frame in _frames(sound(SECONDS)):
                    await socket.send(frame)
                    await asyncio.sleep(self._frame_seconds)
                await socket.send(Stop(type="stop").model_dump_json())
                final = await _until(socket, FinalMessage)
        except (
            OSError,
            TimeoutError,
            InvalidHandshake,
            ConnectionClosed,
            ValidationError,
        ) as error:
            raise Fault(
                f"a live session breaks off ({type(error).__name__})",
                "raise the proxy's timeouts for WebSockets; read the bridge's log",
            ) from None
        if final.status != "complete":
            raise Fault(f"a live session ends early: {final.reason}", _READ_LOGS)
        return f"a live session of {SECONDS:.0f} s is transcribed"


async def _until(socket: Any, kind: type[Any]) -> Any:
    """Read until a message of this kind comes.

    Raises:
        Fault: an error came.
    """
    while True:
        message = server_message.validate_json(await socket.recv(decode=True))
        if isinstance(message, kind):
            return message
        if isinstance(message, Error):
            raise Fault(
                f"a live session is refused: {message.code} ({message.message})", _READ_LOGS
            )


def _frames(pcm: bytes) -> Iterator[bytes]:
    return (pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES))


def _why(answer: httpx.Response) -> str:
    told = object_of(answer)
    if not told:
        return "no words"
    return f"{told.get('code', 'no code')} ({told.get('detail') or told.get('title') or ''})"
