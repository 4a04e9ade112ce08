"""Laws of the audio sources."""

import asyncio
import io
import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from shared_schema.audio import seconds
from tests.audio_files import write_audio
from tests.doubles.numbered_audio import at_once, recording
from tests.waiting import within
from utter_transcribe.audio import decode, duration, in_thread, paced, read_stream
from utter_transcribe.errors import AudioError


def wav(pcm: bytes, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    """Return a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def test_wav_at_16_khz_is_taken_as_it_is(tmp_path: Path) -> None:
    """What needs no conversion keeps every sample."""
    file = tmp_path / "a.wav"
    file.write_bytes(wav(recording(25)))
    assert b"".join(decode(file)) == recording(25)
    assert duration(file) == 2.5


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1)])
def test_other_rates_are_converted(tmp_path: Path, rate: int, channels: int) -> None:
    """Any rate and any number of channels become mono at 16 kHz, without losing time."""
    file = tmp_path / "a.wav"
    file.write_bytes(wav(bytes(2 * rate * channels), rate=rate, channels=channels))
    assert seconds(len(b"".join(decode(file)))) == pytest.approx(1, abs=0.005)


def test_compressed_audio_is_read_too(tmp_path: Path) -> None:
    """A FLAC file gives the samples that went in."""
    file = tmp_path / "a.flac"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("flac", rate=16_000, layout="mono", format="s16")
        frame = av.AudioFrame(format="s16", layout="mono", samples=1600)
        frame.sample_rate = 16_000
        frame.planes[0].update(recording(1) * 1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert b"".join(decode(file)) == recording(1)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"hello, world\n" * 100, "no audio"), (b"", "no audio"), (None, "no file")],
)
def test_what_is_no_audio_is_named(tmp_path: Path, content: bytes | None, says: str) -> None:
    """A file that cannot be read is told by its name, in one line."""
    file = tmp_path / "take.wav"
    if content is not None:
        file.write_bytes(content)
    for read in (lambda: list(decode(file)), lambda: duration(file)):
        with pytest.raises(AudioError, match=says) as error:
            read()
        assert "take.wav" in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(AudioError, match="folder"):
        list(decode(tmp_path))


@pytest.mark.parametrize("content", [recording(7) + b"ab", b"", wav(recording(7))])
def test_a_stream_is_raw_or_wav(content: bytes) -> None:
    """Raw PCM passes as it is; a WAV stream, which cannot be rewound, is told by its head."""
    reader, writer = os.pipe()
    os.write(writer, content)  # fits into the pipe
    os.close(writer)
    with open(reader, "rb", buffering=0) as stream:
        heard = b"".join(read_stream(stream))
    assert heard == (recording(7) if content.startswith(b"RIFF") else content)


@pytest.mark.parametrize("kind", ["mp3", "m4a", "flac", "ogg", "webm"])
def test_a_stream_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    """The bytes of a file are never sent as samples."""
    content = write_audio(tmp_path / "a", kind).read_bytes()
    with pytest.raises(AudioError, match="send WAV, or raw samples"):
        list(read_stream(io.BytesIO(content)))


async def test_a_thread_reads_no_further_than_it_must() -> None:
    """A slow reader holds the thread back, and what it raises is raised here."""
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"ab"
        raise AudioError("damaged")

    source = in_thread(pieces())
    await anext(source)
    await asyncio.sleep(0.05)
    assert read < 100
    with pytest.raises(AudioError, match="damaged"):
        async for _ in source:
            pass
    assert read == 1000


async def test_a_reader_that_leaves_ends_the_thread() -> None:
    """Closing the source lets its thread go, even while it waits for a place."""
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"ab"
        finally:
            loop.call_soon_threadsafe(closed.set)

    source = in_thread(pieces())
    await anext(source)
    await source.aclose()
    await closed.wait()


@pytest.mark.process
def test_a_read_that_never_returns_keeps_nobody() -> None:
    """A process whose standard input stays silent still ends."""
    code = (
        "import asyncio, sys\n"
        "from utter_transcribe.audio import in_thread, read_stream\n"
        "async def main():\n"
        "    source = in_thread(read_stream(open(0, 'rb', buffering=0, closefd=False)))\n"
        "    print('reading', flush=True)\n"
        "    async with asyncio.timeout(0.2):\n"
        "        await anext(source)\n"
        "try:\n"
        "    asyncio.run(main())\n"
        "except TimeoutError:\n"
        "    print('left', flush=True)\n"
    )
    silent, writer = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code], stdin=silent, capture_output=True, timeout=30, check=True
        )
    finally:
        os.close(silent)
        os.close(writer)
    assert done.stdout.split() == [b"reading", b"left"]
    assert done.stderr == b""


async def test_real_time_is_kept_without_drift() -> None:
    """Audio comes no earlier than it would be spoken, in frames, each sample once."""
    begun = time.monotonic()
    early = []
    size = 0
    heard = b""
    async for frame in paced(at_once(recording(10)), speed=4):
        size += len(frame)
        heard += frame
        early.append(seconds(size) / 4 - (time.monotonic() - begun))
    assert heard == recording(10)
    assert len(early) == 10
    assert max(early) < 0.01


async def test_no_pace_is_at_once() -> None:
    """Speed 0 waits for nothing."""
    async with within(1):
        assert len([frame async for frame in paced(at_once(recording(600)), 0)]) == 600
