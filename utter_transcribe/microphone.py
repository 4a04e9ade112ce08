"""The microphone as a source of audio, on any system (the extra `microphone`)."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, Final

from shared_schema.audio import SAMPLE_RATE
from utter_transcribe.errors import AudioError

_BLOCK_MS: Final = 100
_WAITING_BLOCKS: Final = 600
"""A minute: a reader is never that far behind."""


async def microphone(backends: Sequence[Any] | None = None) -> AsyncGenerator[bytes, None]:
    """Yield what the default microphone hears, as mono 16-bit PCM at 16 kHz, until it is closed.

    Args:
        backends: Of miniaudio, in the order to try; every one of this system by default.

    Raises:
        AudioError: The extra is missing, or no microphone can be opened.
    """
    try:
        import miniaudio  # noqa: PLC0415 - an extra
    except ImportError:
        raise AudioError(
            "the microphone needs an extra: pip install 'utter-transcribe[microphone]'"
        ) from None
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_BLOCKS)

    def put(block: bytes) -> None:
        if not heard.full():
            heard.put_nowait(block)

    def take() -> Generator[None, bytes, None]:
        while True:
            block = yield
            loop.call_soon_threadsafe(put, bytes(block))

    try:
        device = miniaudio.CaptureDevice(
            input_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=SAMPLE_RATE,
            buffersize_msec=_BLOCK_MS,
            backends=backends,
            app_name="utter-transcribe",
        )
    except miniaudio.MiniaudioError as error:
        raise AudioError(f"no microphone can be opened ({error})") from None
    try:
        taking = take()
        next(taking)
        device.start(taking)
        while True:
            yield await heard.get()
    finally:
        device.close()
