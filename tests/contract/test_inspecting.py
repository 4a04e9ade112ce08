"""Files that lie, inspected by the Edge Function, which decodes nothing."""

import io
import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audio_files import CODECS, riff, tone, write_audio
from tests.contract.inspecting import EdgeInspection, edge_inspection
from tests.security.containers import containers, hides
from tests.security.fuzzing import bounded
from transcription.audio.container import AudioLimits, inspect
from transcription.errors import InvalidAudio, UnsupportedAudio

pytestmark = pytest.mark.process

SEGMENT: Final = b"\x18\x53\x80\x67"
CLUSTER: Final = b"\x1f\x43\xb6\x75"
LIMITS: Final = AudioLimits(3.0, 300.0, 52_428_800)
Files = Mapping[str, bytes]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Four seconds of each format."""
    folder = tmp_path_factory.mktemp("good")
    return {kind: write_audio(folder / kind, kind, seconds=4.0).read_bytes() for kind in CODECS}


@pytest.fixture(scope="module")
def edge() -> Iterator[EdgeInspection]:
    """One process for all files."""
    with edge_inspection() as opened:
        yield opened


def _between_others(good: Files) -> bytes:
    """A WebM between parts of others: Deno's library heard the first, FFmpeg more of the last."""
    webm = good["webm"]
    return webm[: webm.index(SEGMENT) + 4] + webm + webm[: len(webm) // 14]


def _broken_cluster(good: Files) -> bytes:
    """A WebM whose cluster has no length: the search for the next one comes to the file's end."""
    webm = good["webm"]
    at = webm.index(CLUSTER) + 4
    return webm[:at] + bytes(4) + webm[at + 4 :]


def _uneven_packets(good: Files) -> bytes:
    """A WebM with a block that claims equal packets, of which it holds no whole number."""
    webm = bytearray(good["webm"])
    at = webm.index(b"\xa3", webm.index(CLUSTER) + 4)
    webm[at + 6] |= 4
    size = int.from_bytes(webm[at + 1 : at + 3]) - 0x4000 - 5
    webm[at + 7] = next(others for others in range(1, 9) if size % (others + 1))
    return bytes(webm)


def _table(good: Files, name: bytes, place: int, value: int) -> bytes:
    """An M4A with another number in a table."""
    m4a = bytearray(good["m4a"])
    struct.pack_into(">I", m4a, m4a.index(name) + place, value)
    return bytes(m4a)


def _fragment_of_millions(good: Files) -> bytes:
    """An M4A with a table of offsets that unfolds into four thousand million."""
    m4a = good["m4a"]
    at = m4a.index(b"stsz") - 4
    table = struct.pack(">I4sIIII", 24, b"ctts", 0, 1, 0xFFFF_FFFF, 0)
    out = bytearray(m4a[:at] + table + m4a[at:])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        size = out.index(name) - 4
        struct.pack_into(">I", out, size, struct.unpack_from(">I", out, size)[0] + len(table))
    return bytes(out)


def _second_sound(_: Files) -> bytes:
    """A WAV in which a short piece of sound comes behind the long one."""
    form = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
    return riff((b"fmt ", form), (b"data", tone(16_000, 5)), (b"data", tone(16_000, 0.1)))


def _altered_page(good: Files) -> bytes:
    """An Ogg whose second page has another checksum than its bytes."""
    ogg = bytearray(good["ogg"])
    ogg[ogg.index(b"OpusTags") + 9] ^= 0xFF
    return bytes(ogg)


REFUSED: Final[Mapping[str, Callable[[Files], bytes]]] = {
    "WebM with a broken cluster": _broken_cluster,
    "WebM between parts of others": _between_others,
    "WebM behind filling bytes": lambda good: good["webm"] + b"x" * 14 + good["webm"],
    "WebM with a block of uneven packets": _uneven_packets,
    "M4A with chunks of millions": lambda good: _table(good, b"stsc", 16, 0xC302_0000),
    "M4A with offsets of millions": _fragment_of_millions,
    "WAV with two pieces of sound": _second_sound,
    "Ogg with an altered page": _altered_page,
    "FLAC of frames without samples": lambda good: good["flac"][:8] + bytes(4) + good["flac"][12:],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_lie_is_refused_and_soon(edge: EdgeInspection, good: Files, name: str) -> None:
    """A file that would be read for ever, fill the memory or hide sound is refused."""
    told = edge.inspect(REFUSED[name](good))
    assert told["refused"] == "invalid_audio"
    assert edge.most_bytes < 200 * 1024 * 1024


def _sized(number: int) -> bytes:
    """Return a number as EBML writes it, in two bytes."""
    return (0x4000 | number).to_bytes(2)


def _xiph(sizes: list[int]) -> bytes:
    return b"".join(b"\xff" * (size // 255) + bytes([size % 255]) for size in sizes)


def _ebml(sizes: list[int]) -> bytes:
    steps = (after - before + 0x1FFF for before, after in pairwise(sizes))
    return b"".join(map(_sized, [*sizes[:1], *steps]))


LACINGS: Final[Mapping[str, tuple[int, Callable[[list[int]], bytes]]]] = {
    "one packet": (0, lambda _: b""),
    "sizes as in Ogg": (2, lambda sizes: bytes([len(sizes)]) + _xiph(sizes)),
    "equal sizes": (4, lambda sizes: bytes([len(sizes)])),
    "sizes by their differences": (6, lambda sizes: bytes([len(sizes)]) + _ebml(sizes)),
}
"""How the packets of a block are told apart: flags, and the bytes before these (RFC 9559, 10.3)."""


@pytest.mark.parametrize("name", LACINGS)
def test_every_packet_of_a_block_counts(
    edge: EdgeInspection, good: Files, tmp_path: Path, name: str
) -> None:
    """In clusters without a length, whose times start again, each packet of a block counts."""
    flags, head = LACINGS[name]
    with av.open(io.BytesIO(good["webm"]), "r") as opened:
        packets = [bytes(packet) for packet in opened.demux() if packet.size]
    if flags == 4:
        packets = [packets[0]] * len(packets)
    at_once = 5 if flags else 1
    file = good["webm"][: good["webm"].index(CLUSTER)]
    segment = file.index(SEGMENT) + 4
    file = file[:segment] + b"\x01" + b"\xff" * 7 + file[segment + 8 :]
    for first in range(0, len(packets), at_once):
        if first % 50 == 0:
            file += CLUSTER + b"\xff" + b"\xe7\x81\0"
        some = packets[first : first + at_once]
        block = bytes([0x81, 0, first % 50, 0x80 | flags])
        block += head([len(packet) for packet in some[:-1]]) + b"".join(some)
        file += b"\xa3" + _sized(len(block)) + block
    path = tmp_path / "file"
    path.write_bytes(file)
    with path.open("rb") as content:
        seconds = inspect(content, LIMITS).duration_seconds
    assert seconds == pytest.approx(4, abs=0.05)
    assert edge.inspect(file)["seconds"] == pytest.approx(seconds, abs=0.05)


def test_a_packet_that_no_decoder_takes_does_not_count(edge: EdgeInspection, good: Files) -> None:
    """A packet of Opus that claims more than 120 ms adds nothing."""
    webm = bytearray(good["webm"])
    at = webm.index(b"\xa3", webm.index(CLUSTER) + 4)
    webm[at + 7 : at + 9] = b"\xff\xff"  # 63 frames of 20 ms
    assert edge.inspect(bytes(webm)) == {"mime": "audio/webm", "seconds": 4}


def test_flac_is_read_to_its_end(edge: EdgeInspection, good: Files) -> None:
    """Files behind one another, a tag before them and zeros behind: every frame counts."""
    tag = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
    told = edge.inspect(tag + 2 * good["flac"] + bytes(500))
    assert told == {"mime": "audio/flac", "seconds": 8}


def test_what_is_no_tag_hides_nothing(edge: EdgeInspection, good: Files) -> None:
    """A tag whose length has bits that none may have is no tag: the frames in it count."""
    mp3 = good["mp3"]
    told = edge.inspect(mp3[:6] + b"\x00\x80\x0e\x00" + mp3[10:])
    assert told == edge.inspect(mp3)


def test_ogg_is_found_in_a_page_that_is_none(edge: EdgeInspection, good: Files) -> None:
    """A file that begins in the middle of another's page is read from its own beginning."""
    ogg = good["ogg"]
    for cut in (150, 4000):
        told = edge.inspect(ogg[:cut] + ogg)
        assert told == {"mime": "audio/ogg", "seconds": 4.02}


@given(data=st.data())
@bounded(40)
def test_nothing_is_hidden(edge: EdgeInspection, good: Files, tmp_path: Path, data: Any) -> None:
    """What the Edge Function takes lasts no longer than it says, and as long as Python says."""
    file = data.draw(containers(dict(good)))
    told = edge.inspect(file).get("seconds")
    if told is None:
        return
    assert not hides(told, file)
    path = tmp_path / "file"
    path.write_bytes(file)
    try:
        with path.open("rb") as opened:
            seconds = inspect(opened, LIMITS).duration_seconds
    except (InvalidAudio, UnsupportedAudio):
        return  # some of it cannot be decoded, which is not tried there
    assert told == pytest.approx(seconds, abs=0.21 + 0.05 * told)
