"""Containers made of good parts with lies among them, and what FFmpeg hears in them."""

import io
import struct
from contextlib import suppress
from typing import Final

import av
from av.error import FFmpegError
from hypothesis import strategies as st

_SIZES: Final = st.sampled_from(
    (0, 1, 2, 7, 8, 100, 1000, 4096, 65_535, 0x7FFF_FFFF, 0xFFFF_FFFF)
) | st.integers(0, 2**32 - 1)
_RATES: Final = st.sampled_from((0, 1, 8000, 16_000, 44_100, 48_000, 192_000, 655_350, 2**32 - 1))


@st.composite
def riff_files(draw: st.DrawFn, sound: bytes) -> bytes:
    """Return a RIFF, RF64 or BW64 of 16-bit samples whose chunks may be any, and may lie."""
    form = draw(st.sampled_from((b"RIFF", b"RF64", b"BW64")))
    plain = draw(st.booleans())
    channels = 1 if plain else draw(st.sampled_from((1, 2, 3, 8, 255)))
    bits = 16 if plain else draw(st.sampled_from((8, 16, 24, 32)))
    rate = draw(st.just(16_000) | _RATES)
    frame = channels * bits // 8
    tag = draw(st.sampled_from((1, 1, 1, 3, 7)))
    rates = (rate, rate * frame & 0xFFFF_FFFF)
    parts = [(b"fmt ", struct.pack("<HHIIHH", tag, channels, *rates, frame, bits))]
    names = st.sampled_from((b"data", b"LIST", b"axml", b"junk", b"\0\1\2\3"))
    more = draw(st.lists(st.tuples(names, st.integers(0, len(sound))), max_size=4))
    parts += [(name, sound[:size]) for name, size in more]
    parts.insert(draw(st.integers(1, len(parts))), (b"data", sound))
    if form != b"RIFF":
        claimed = draw(st.just(len(sound)) | _SIZES)
        parts.insert(0, (b"ds64", struct.pack("<QQQI", 0, claimed, claimed // 2, 0)))
    file = b""
    for name, content in parts:
        size = len(content)
        if name == b"data" and form != b"RIFF":
            size = 0xFFFF_FFFF
        elif draw(st.integers(0, 9)) == 0:
            size = draw(_SIZES)
        file += name + struct.pack("<I", size) + content + bytes(len(content) % 2)
    return form + struct.pack("<I", draw(st.just(len(file) + 4) | _SIZES)) + b"WAVE" + file


@st.composite
def joined(draw: st.DrawFn, *files: bytes) -> bytes:
    """Return files behind one another, some cut or with bytes between them."""
    content = b""
    for file in draw(st.lists(st.sampled_from(files), min_size=1, max_size=3)):
        is_cut = draw(st.integers(0, 3)) == 0
        content += file[: draw(st.integers(0, len(file)))] if is_cut else file
        if draw(st.integers(0, 3)) == 0:
            content += draw(st.sampled_from((b"\0", b"\xff", b"x"))) * draw(st.integers(0, 5000))
    return content


@st.composite
def lying(draw: st.DrawFn, file: bytes, names: tuple[bytes, ...]) -> bytes:
    """Return a file in which numbers behind these names are others."""
    content = bytearray(file)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(names))
        places = [at for at in range(len(content)) if content.startswith(name, at)] if name else []
        if not places:
            continue
        at = draw(st.sampled_from(places)) + len(name) + 4 * draw(st.integers(-2, 8))
        if 0 <= at <= len(content) - 4:
            order = draw(st.sampled_from(("<I", ">I")))
            struct.pack_into(order, content, at, draw(_SIZES | _RATES))
    return bytes(content)


NAMES: Final = {
    "m4a": (
        *(b"elst", b"stts", b"stsc", b"stsz", b"stco", b"mdhd", b"mvhd", b"tkhd"),
        *(b"mp4a", b"esds", b"moov", b"mdat"),
    ),
    "ogg": (b"OggS", b"OpusHead", b"OpusTags"),
    "webm": (b"\x2a\xd7\xb1", b"\x1f\x43\xb6\x75", b"\xa3", b"\xae", b"\xb5", b"A_OPUS"),
    "flac": (b"fLaC",),
    "mp3": (b"ID3", b"Xing", b"Info", b"LAME"),
}
"""Behind which of a file's bytes numbers stand that readers go by."""


def containers(good: dict[str, bytes]) -> st.SearchStrategy[bytes]:
    """Return what makes files of every kind, from good ones by their kinds."""
    sound = good["wav"][good["wav"].index(b"data") + 8 :]
    return st.one_of(
        riff_files(sound),
        *(lying(good[kind], names) for kind, names in NAMES.items()),
        *(joined(good[kind]) for kind in ("mp3", "ogg", "flac", "webm")),
    )


MOST_SECONDS: Final = 600.0
_MOST_ERRORS: Final = 1000


TOLERANCE_SECONDS: Final = 0.1
LEAD_IN_SECONDS: Final = 0.11
"""What an edit list may cut out of an MP4 at 48 kHz: five packets."""


def heard(file: bytes) -> tuple[float, float]:
    """Return the seconds that FFmpeg hears in all that it can decode, and without edit lists."""
    return _decoded(file, {}), _decoded(file, {"ignore_editlist": "1"})


def agrees(seconds: float, file: bytes) -> bool:
    """Tell whether a full decode by FFmpeg lasts so long, and whether nothing is cut out of it."""
    whole = heard(file)
    nearest = min(abs(seconds - one) for one in whole)
    return nearest <= TOLERANCE_SECONDS and max(whole) - seconds <= (
        TOLERANCE_SECONDS + LEAD_IN_SECONDS
    )


def hides(seconds: float, file: bytes) -> bool:
    """Tell whether FFmpeg hears more than so long; a damaged place it may read twice."""
    return max(heard(file)) > seconds + TOLERANCE_SECONDS + LEAD_IN_SECONDS


def _decoded(file: bytes, options: dict[str, str]) -> float:
    seconds, errors = 0.0, 0
    with (
        suppress(FFmpegError, ValueError),
        av.open(io.BytesIO(file), "r", options=options, metadata_errors="ignore") as opened,
    ):
        while errors < _MOST_ERRORS and opened.streams.audio:
            try:
                for packet in opened.demux(opened.streams.audio[0]):
                    with suppress(FFmpegError):
                        for frame in packet.decode():
                            seconds += frame.samples / frame.sample_rate
                    if seconds > MOST_SECONDS:
                        return seconds
                break
            except FFmpegError:
                errors += 1
    return seconds
