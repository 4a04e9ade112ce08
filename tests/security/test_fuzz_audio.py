"""Audio files with faults, and files made to cost much."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.audio_files import CODECS, write_audio
from tests.security.containers import agrees, containers
from tests.security.fuzzing import bounded, mutated
from transcription.audio.inspection import AudioInfo, AudioInspector, AudioLimits
from transcription.audio.worker import CPU_SECONDS, MAX_MEMORY_BYTES
from transcription.errors import InvalidAudio, PayloadTooLarge, UnsupportedAudio

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.process]

LIMITS: Final = AudioLimits(3.0, 300.0, 52_428_800)
KINDS: Final = tuple(CODECS)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Four seconds of each format."""
    folder = tmp_path_factory.mktemp("good")
    rates = {"wav": 16_000, "flac": 16_000}
    return {
        kind: write_audio(
            folder / kind, kind, seconds=4.0, rate=rates.get(kind, 48_000)
        ).read_bytes()
        for kind in KINDS
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inspector() -> AsyncIterator[AudioInspector]:
    """One worker for all examples."""
    async with AudioInspector(LIMITS) as opened:
        yield opened


async def _inspect(inspector: AudioInspector, path: Path, data: bytes) -> AudioInfo | None:
    """Inspect a file; None for one that is refused in a word of ours."""
    await asyncio.to_thread(path.write_bytes, data)
    try:
        return await inspector.inspect(path)
    except (InvalidAudio, PayloadTooLarge, UnsupportedAudio):
        return None


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@bounded(100)
async def test_a_faulty_file_is_measured_or_refused(
    inspector: AudioInspector, good: dict[str, bytes], tmp_path: Path, kind: str, data: Any
) -> None:
    """Whatever is wrong with a file, the answer is a word of ours, soon, and no worker dies."""
    file = data.draw(mutated(good[kind], *good.values()))
    began = time.monotonic()
    with capture_logs() as logs:
        info = await _inspect(inspector, tmp_path / "fuzzed", file)
    assert logs == []
    assert time.monotonic() - began < 10
    if info is not None:
        assert 3.0 <= info.duration_seconds <= 300.1
        assert info.format in KINDS


@given(data=st.data())
@bounded(300)
async def test_what_is_taken_is_as_long_as_ffmpeg_hears(
    inspector: AudioInspector, good: dict[str, bytes], tmp_path: Path, data: Any
) -> None:
    """A container with lies is refused, or lasts as long as a full decode of it does."""
    file = data.draw(containers(good))
    with capture_logs() as logs:
        info = await _inspect(inspector, tmp_path / "container", file)
    assert logs == []
    if info is not None:
        assert await asyncio.to_thread(agrees, info.duration_seconds, file)


def _samples(m4a: bytes, *, size: int, count: int) -> bytes:
    """Return an M4A whose tables claim so many samples of so many bytes."""
    data = bytearray(m4a)
    struct.pack_into(">II", data, data.index(b"stsz") + 8, size, count)
    struct.pack_into(">IIII", data, data.index(b"stsc") + 8, 1, 1, count, 1)
    struct.pack_into(">III", data, data.index(b"stts") + 8, 1, count, 1024)
    return bytes(data)


def _claimed(wav: bytes, size: int) -> bytes:
    """Return a WAV with a list of notes that claims to be so long."""
    return wav[:36] + b"LIST" + struct.pack("<I", size) + b"INFOISFT" + wav[36:]


def _floods(good: dict[str, bytes]) -> dict[str, bytes]:
    wav, m4a, ogg, mp3 = (good[kind] for kind in ("wav", "m4a", "ogg", "mp3"))
    return {
        "m4a of a million broken samples": _samples(m4a, size=1, count=1_000_000),
        "m4a of four thousand million samples": _samples(m4a, size=0, count=0xFFFF_FFFF),
        "m4a of boxes": m4a[:28] + b"\0\0\0\x08free" * 500_000,
        "wav of notes of two gigabytes": _claimed(wav, 0x7FFF_FFFF),
        "wav of chunks": wav[:12] + b"junk\0\0\0\0" * 500_000,
        "wav of many channels": wav[:22] + b"\xff\xff" + wav[24:],
        "ogg of capture patterns": ogg[:4000] + b"OggS\0\0" * 500_000,
        "mp3 of headers": mp3[:2000] + b"\xff\xfb\x90\x64" * 1_000_000,
        "mp3 of tags": b"ID3\x04\0\0\0\0\0\0" * 500_000 + mp3,
    }


async def test_no_file_takes_more_than_its_share(
    inspector: AudioInspector, good: dict[str, bytes], tmp_path: Path
) -> None:
    """Files that unfold into millions of pieces are refused, and the next file is read."""
    for name, data in _floods(good).items():
        with capture_logs() as logs:
            assert await _inspect(inspector, tmp_path / "bomb", data) is None, name
            info = await _inspect(inspector, tmp_path / "good", good["wav"])
        assert info is not None, name
        assert info.duration_seconds == 4.0
        assert logs == [], name


async def test_a_worker_is_bounded_by_the_kernel(
    tmp_path: Path, good: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory and time have limits that no decoder can talk its way out of, and it knows no key."""
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_of_the_service")
    before = set(psutil.Process().children())
    async with AudioInspector(LIMITS) as inspector:
        assert await _inspect(inspector, tmp_path / "good", good["wav"]) is not None
        [worker] = set(psutil.Process().children()) - before
        assert worker.rlimit(psutil.RLIMIT_AS) == (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES)
        assert worker.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert 0 < worker.rlimit(psutil.RLIMIT_CPU)[0] <= 2 * CPU_SECONDS
        assert "SUPABASE_SECRET_KEY" not in worker.environ()
