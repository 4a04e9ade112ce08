"""What of a file may be sound, told by walking its parts.

A demuxer passes over what it does not understand, and another reader may hear it. So what is
neither known to be something else nor read as sound counts as sound here.
"""

import struct
from collections.abc import Callable, Mapping
from mmap import mmap
from typing import Final

Whole = bytes | mmap
"""A whole file."""

MAX_PARTS: Final = 1_000_000
_MAX_LENGTHS: Final = 64
"""Chunks besides `data` that are longer than 4 GiB."""
_STREAMED: Final = 0xFFFF_FFFF
"""A length that is written elsewhere, or was not known yet."""


class TooManyPartsError(Exception):
    """The file is cut into more parts than are walked."""


def sound_bytes(file: Whole, kind: str) -> int | None:
    """Return how many bytes may be sound; None for a kind whose tables name every packet.

    Args:
        file: The whole file.
        kind: FFmpeg's name of its container.

    Raises:
        TooManyPartsError: It has too many parts.
    """
    walk = _WALKS.get(kind)
    return walk(file) if walk is not None else None


def _riff(file: Whole) -> int:
    """RIFF, and RF64 and BW64 whose lengths stand in `ds64` (EBU Tech 3306, ITU-R BS.2088)."""
    total, at = 0, 12
    long: dict[bytes, int] = {}
    for _ in range(MAX_PARTS):
        if at + 8 > len(file):
            return total
        name, length = struct.unpack_from("<4sI", file, at)
        at += 8
        if name == b"ds64" and 28 <= length <= len(file) - at:
            [long[b"data"], entries] = struct.unpack_from("<8xQ8xI", file, at)
            for entry in range(min(entries, (length - 28) // 12, _MAX_LENGTHS)):
                other, size = struct.unpack_from("<4sQ", file, at + 28 + 12 * entry)
                long.setdefault(other, size)
        if length == _STREAMED:
            length = long.get(name, length)
        if at + length > len(file) or not all(0x20 <= character < 0x7F for character in name):
            return total + len(file) - at
        if name == b"data":
            total += length
        at += length + length % 2
    raise TooManyPartsError


def _ogg(file: Whole) -> int:
    """Pages (RFC 3533, section 6); those before the first that ends a sample hold no sound."""
    total, at, begun = 0, 0, False
    for _ in range(MAX_PARTS):
        page = file.find(b"OggS", at)
        if page < 0 or page + 27 > len(file):
            return total + len(file) - at
        total += page - at
        flags, position, segments = struct.unpack_from("<xBQ12xB", file, page + 4)
        lacing = file[page + 27 : page + 27 + segments]
        at = min(page + 27 + segments + sum(lacing), len(file))
        begun = (begun and not flags & 2) or position not in {0, 2**64 - 1}
        if begun:
            total += max(0, at - page - 27 - segments)
    raise TooManyPartsError


_BLOCKS: Final = frozenset({0xA3, 0xA1})
_BLOCK_HEADER_BYTES: Final = 4
"""Track, time and flags: of small packets as much as a tenth."""
_SILENT: Final = frozenset(
    {
        *(0x1A45_DFA3, 0xEC, 0xBF),
        *(
            0x114D_9B74,
            0x1549_A966,
            0x1654_AE6B,
            0x1C53_BB6B,
            0x1043_A770,
            0x1941_A469,
            0x1254_C367,
        ),
        *(0xE7, 0xA7, 0xAB, 0x5854, 0x9B, 0xFA, 0xFB, 0xFD, 0xA4, 0x75A1, 0x75A2, 0x8E),
    }
)
"""What is known to hold no sound (RFC 9559, section 5.1): EBML, Void, CRC-32; in a Segment:
SeekHead, Info, Tracks, Cues, Chapters, Attachments, Tags; in a Cluster or BlockGroup: times, sizes,
places."""
_MASTERS: Final = frozenset({0x1853_8067, 0x1F43_B675, 0xA0})
"""Segment, Cluster, BlockGroup."""


def _matroska(file: Whole) -> int:
    """Elements (RFC 8794, section 4) that hold blocks (RFC 9559, section 10)."""
    total, at = 0, 0
    for _ in range(MAX_PARTS):
        if at >= len(file):
            return total
        start = at
        width = 9 - file[at].bit_length()
        name = int.from_bytes(file[at : at + width])
        at += width
        lead = file[at] if at < len(file) else 0
        size_width = 9 - lead.bit_length()
        size = int.from_bytes(file[at : at + size_width]) - (1 << 7 * size_width)
        at += size_width
        if width > 4 or size_width > 8:
            return total + len(file) - start
        if name in _MASTERS:  # of known length or not, what is in it comes next
            continue
        if not 0 <= size <= len(file) - at:
            return total + len(file) - start
        if name in _BLOCKS:
            total += max(0, size - _BLOCK_HEADER_BYTES)
        elif name not in _SILENT:
            total += size
        at += size
    raise TooManyPartsError


def _flac(file: Whole) -> int:
    """All behind the blocks of metadata (RFC 9639, section 8.1)."""
    at = _tags(file)
    if file[at : at + 4] != b"fLaC":
        return len(file) - at
    at += 4
    last = False
    while not last and at + 4 <= len(file):
        last = bool(file[at] & 0x80)
        at += 4 + int.from_bytes(file[at + 1 : at + 4])
    return max(0, len(file) - at)


def _mp3(file: Whole) -> int:
    """All behind the tags."""
    return len(file) - _tags(file)


def _tags(file: Whole) -> int:
    """Return the bytes of ID3v2 tags at the beginning (ID3v2.4.0, section 3.1)."""
    at = 0
    for _ in range(MAX_PARTS):
        if file[at : at + 3] != b"ID3" or at + 10 > len(file):
            return min(at, len(file))
        a, b, c, d = file[at + 6 : at + 10]
        if (a | b | c | d) & 0x80:  # such a length is none
            return at
        footer = 10 if file[at + 5] & 0x10 else 0
        at += 10 + (a << 21 | b << 14 | c << 7 | d) + footer
    raise TooManyPartsError


_WALKS: Final[Mapping[str, Callable[[Whole], int]]] = {
    "wav": _riff,
    "ogg": _ogg,
    "matroska,webm": _matroska,
    "flac": _flac,
    "mp3": _mp3,
}
