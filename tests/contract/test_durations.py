"""How long a file lasts: the longest that a decoder could hear, by its packets and nothing else."""

import struct
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.audio_files import tone, write_audio, write_vorbis
from tests.contract.test_bad_files import twice
from tests.contract.world import Target
from tests.edge_functions.world import PATH, problem
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIMESTAMP_SCALE = bytes.fromhex("2ad7b1")
"""Matroska's element of how many nanoseconds a tick lasts (RFC 9559, section 5.1.2.9)."""


def ticking(path: Path, times: float) -> bytes:
    """Return a WebM whose clock says that everything takes so many times as long."""
    content = bytearray(path.read_bytes())
    at = content.index(TIMESTAMP_SCALE) + 3
    width = content[at] & 0x7F
    value = int(int.from_bytes(content[at + 1 : at + 1 + width]) * times)
    content[at + 1 : at + 1 + width] = value.to_bytes(width)
    return bytes(content)


def edited(path: Path, *, start: int, ticks: int) -> bytes:
    """Return an M4A whose edit list plays these ticks of a millisecond, from this sample on."""
    content = bytearray(path.read_bytes())
    at = content.index(b"elst") + 12
    content[at : at + 8] = struct.pack(">II", ticks, start)
    return bytes(content)


def misplaced(path: Path, chunk: int, offset: int) -> bytes:
    """Return an M4A of which one chunk is not where the table says."""
    content = bytearray(path.read_bytes())
    at = content.index(b"stco") + 12 + 4 * chunk
    content[at : at + 4] = struct.pack(">I", offset)
    return bytes(content)


def riff(form: bytes, *parts: tuple[bytes, bytes], long: bool = False) -> bytes:
    """Return a WAV of 16 kHz, 16 bits, with these chunks; `long` tells the length in a `ds64`."""
    chunks = [(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)), *parts]
    if long:
        size = len(dict(parts)[b"data"])
        chunks.insert(0, (b"ds64", struct.pack("<QQQI", 0, size, size // 2, 0)))
    body = b"".join(
        struct.pack("<4sI", name, 0xFFFF_FFFF if long and name == b"data" else len(data))
        + data
        + bytes(len(data) % 2)
        for name, data in chunks
    )
    return struct.pack("<4sI4s", form, 0xFFFF_FFFF if long else len(body) + 4, b"WAVE") + body


def joined(folder: Path, *rates: int) -> bytes:
    """Return MP3s of different rates behind one another, four seconds each."""
    made = (write_audio(folder / f"{rate}", "mp3", seconds=4, rate=rate) for rate in rates)
    return b"".join(path.read_bytes() for path in made)


SOUND = tone(16_000, 4)
MEASURED: dict[str, tuple[Callable[[Path], bytes], float]] = {
    "Vorbis in WebM": (lambda folder: write_vorbis(folder / "a", "webm").read_bytes(), 4),
    "Vorbis in Ogg": (lambda folder: write_vorbis(folder / "a", "ogg").read_bytes(), 4),
    "Vorbis, a fast clock": (
        lambda folder: ticking(write_vorbis(folder / "a", "webm"), 0.01),
        4,
    ),
    "Opus, a fast clock": (
        lambda folder: ticking(write_audio(folder / "a", "webm", seconds=4), 0.01),
        4,
    ),
    "FLAC in Ogg": (
        lambda folder: write_audio(folder / "a", "ogg", codec="flac", seconds=4).read_bytes(),
        4,
    ),
    "one Ogg behind another": (
        lambda folder: twice(write_audio(folder / "a", "ogg", seconds=4)).read_bytes(),
        8,
    ),
    "MP3 of two rates": (lambda folder: joined(folder, 44_100, 22_050), 8),
    "MP3 before zeros": (
        lambda folder: joined(folder, 48_000) + bytes(100_000),
        4,
    ),
    "A-law": (
        lambda folder: write_audio(folder / "a", "wav", codec="pcm_alaw", seconds=4).read_bytes(),
        4,
    ),
    "floats": (
        lambda folder: write_audio(folder / "a", "wav", codec="pcm_f64le", seconds=4).read_bytes(),
        4,
    ),
    "RF64": (lambda _: riff(b"RF64", (b"data", SOUND), long=True), 4),
    "AAC in fragments": (
        lambda folder: write_audio(
            folder / "a",
            "mp4",
            codec="aac",
            seconds=4,
            options={"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"},
        ).read_bytes(),
        4,
    ),
}

REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "two chunks of sound": (
        lambda _: riff(b"RIFF", (b"data", SOUND), (b"LIST", bytes(99)), (b"data", SOUND)),
        "invalid_audio",
    ),
    "Vorbis of 310 s, a fast clock": (
        lambda folder: ticking(write_vorbis(folder / "a", "webm", seconds=310), 0.01),
        "invalid_audio",
    ),
}


@pytest.mark.parametrize("name", MEASURED)
async def test_packets_tell_how_long_a_file_is(
    target: Target, http: httpx.AsyncClient, ada: Person, tmp_path: Path, name: str
) -> None:
    """Whatever a container says of time, what is charged is what its packets hold."""
    make, seconds = MEASURED[name]
    response = await http.post(PATH, files={"audio": make(tmp_path)})
    assert response.status_code == 200, response.text
    assert response.json()["duration_seconds"] == pytest.approx(seconds, abs=0.16)
    assert (await target.usage_of(ada))[0]["charged"] == pytest.approx(seconds, abs=0.16)


@pytest.mark.parametrize("name", REFUSED)
async def test_what_hides_sound_is_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, tmp_path: Path, name: str
) -> None:
    """A file of which another decoder could hear more is refused, and costs nothing."""
    make, code = REFUSED[name]
    told = problem(await http.post(PATH, files={"audio": make(tmp_path)}))
    assert told.code == code
    assert target.provider.requests == []
    await target.has_nothing_of(ada)
