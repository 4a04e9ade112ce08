"""The same without `async`: for scripts, notebooks and frameworks that block."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

from shared_schema.batch import Transcription, TranscriptionOptions
from shared_schema.presets import PresetId
from shared_schema.voices import Voice
from utter_transcribe.audio import decode, in_thread, paced
from utter_transcribe.auth import TokenSupplier
from utter_transcribe.events import Event, Result
from utter_transcribe.files import Api, Clone
from utter_transcribe.live import LiveTranscription
from utter_transcribe.options import Options

_Answer = TypeVar("_Answer")


def transcribe_file(
    file: Path | str, url: str, token: TokenSupplier, options: TranscriptionOptions | None = None
) -> Transcription:
    """Upload a file and return its transcript; as `Api.transcribe`.

    Raises:
        ClientError: It cannot be read, or the service refused it or was not reached.
    """

    async def work(api: Api) -> Transcription:
        return await api.transcribe(Path(file), options)

    return _with_api(work, url, token)


def transcribe_live(
    file: Path | str,
    url: str,
    token: TokenSupplier,
    options: Options | None = None,
    *,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Result:
    """Play a file to the bridge as a microphone would; as `LiveTranscription.run`.

    Args:
        file: Of any kind that FFmpeg reads.
        url: The bridge.
        token: Supplies access tokens.
        options: For the session.
        on_event: Called in another thread with what happens meanwhile.

    Raises:
        ClientError: It cannot be read, or the bridge refused it or was not reached.
    """

    async def work() -> Result:
        live = LiveTranscription(url, token, options=options, on_event=on_event)
        return await live.run(paced(in_thread(decode(Path(file)))))

    return _run(work)


def clone(file: Path | str, voice: Clone, url: str, token: TokenSupplier) -> Voice:
    """Store a voice; as `Api.clone`.

    Raises:
        ClientError: It cannot be read, or the service refused it or was not reached.
    """

    async def work(api: Api) -> Voice:
        return await api.clone(Path(file), voice)

    return _with_api(work, url, token)


def voices(url: str, token: TokenSupplier) -> tuple[Voice, ...]:
    """Return the caller's voices, newest first; as `Api.voices`.

    Raises:
        ClientError: The service refused it or was not reached.
    """
    return _with_api(lambda api: api.voices(), url, token)


def bundle(
    voice_id: str,
    file: Path | str,
    url: str,
    token: TokenSupplier,
    preset: PresetId | None = None,
) -> None:
    """Download a voice for a cloning engine; as `Api.bundle`.

    Raises:
        ClientError: It cannot be written, or the service refused it or was not reached.
    """
    _with_api(lambda api: api.bundle(voice_id, Path(file), preset), url, token)


def _with_api(work: Callable[[Api], Awaitable[_Answer]], url: str, token: TokenSupplier) -> _Answer:
    async def call() -> _Answer:
        async with Api(url, token) as api:
            return await work(api)

    return _run(call)


def _run(work: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Run it on a loop in a thread of its own, for the caller's may run one already."""
    with start_blocking_portal() as portal:
        return portal.call(work)
