"""How long a file lasts: the longest that a decoder could hear, by its packets and nothing else."""

import struct
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.audio_files import (
    bits_24_in_32,
    bw64,
    cut_by_edit_list,
    with_lost_chunk,
    with_spatial_track,
    write_audio,
    write_vorbis,
)
from tests.contract.test_bad_files import twice
from tests.contract.world import Target
from tests.edge_functions.test_bad_input import cut
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


def twice_in_one(path: Path) -> bytes:
    """Return a WAV with its chunk of sound twice."""
    content = path.read_bytes()
    content += content[content.index(b"data") :]
    return content[:4] + struct.pack("<I", len(content) - 8) + content[8:]


def joined(folder: Path, *rates: int) -> bytes:
    """Return MP3s of different rates behind one another, four seconds each."""
    made = (write_audio(folder / f"{rate}", "mp3", seconds=4, rate=rate) for rate in rates)
    return b"".join(path.read_bytes() for path in made)


MEASURED: dict[str, tuple[Callable[[Path], bytes], float]] = {
    "Vorbis in WebM": (lambda folder: write_vorbis(folder / "a", "webm").read_bytes(), 4),
    "Vorbis in Ogg": (lambda folder: write_vorbis(folder / "a", "ogg").read_bytes(), 4),
    "Vorbis, a fast clock": (
        lambda folder: ticking(write_vorbis(folder / "a", "webm"), 0.01),
        4,
    ),
    "a long WebM": (
        lambda folder: write_audio(folder / "a", "webm", seconds=290).read_bytes(),
        290,
    ),
    "Opus, a fast clock": (
        lambda folder: ticking(write_audio(folder / "a", "webm", seconds=4), 0.01),
        4,
    ),
    "a WebM that was cut off": (
        lambda folder: cut(write_audio(folder / "a", "webm", seconds=5), 0.8).read_bytes(),
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
    "RF64": (
        lambda folder: write_audio(
            folder / "a", "wav", seconds=4, options={"rf64": "always"}
        ).read_bytes(),
        4,
    ),
    "BW64 with a chunk behind": (lambda _: bw64(4, b"<x>" * 20_001), 4),
    "an iPhone's spatial track": (lambda folder: with_spatial_track(folder / "a", 4), 4),
    "Opus in MP4": (
        lambda folder: write_audio(folder / "a", "mp4", codec="libopus", seconds=4).read_bytes(),
        4,
    ),
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
    "an edit list that cuts most out": (lambda folder: cut_by_edit_list(folder / "a", 8, 1), 8),
    "an edit list that cuts the beginning off": (
        lambda folder: cut_by_edit_list(folder / "a", 8, 8, begin=0.9),
        8,
    ),
}

REFUSED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "two chunks of sound": (
        lambda folder: twice_in_one(write_audio(folder / "a", "wav", seconds=4)),
        "invalid_audio",
    ),
    "Vorbis of 310 s, a fast clock": (
        lambda folder: ticking(write_vorbis(folder / "a", "webm", seconds=310), 0.01),
        "invalid_audio",
    ),
    "an edit list over 310 s": (
        lambda folder: cut_by_edit_list(folder / "a", 310, 4),
        "invalid_audio",
    ),
    "a chunk outside of the file": (
        lambda folder: with_lost_chunk(folder / "a", 200),
        "invalid_audio",
    ),
    "a stereo stream behind a mono one": (
        lambda folder: (
            write_audio(folder / "a", "ogg", codec="flac", seconds=4).read_bytes()
            + write_vorbis(folder / "b", "ogg").read_bytes()
        ),
        "invalid_audio",
    ),
    "24 bits in 32": (lambda _: bits_24_in_32(4), "unsupported_audio"),
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
