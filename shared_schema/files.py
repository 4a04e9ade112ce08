"""Audio files that are taken, and the first bytes of those that are known.

Page, services and docs are made from this one list.
"""

from dataclasses import dataclass
from typing import Final, Literal

FormatName = Literal["wav", "mp3", "m4a", "flac", "ogg", "webm"]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A kind of file that is taken."""

    title: str
    """As people call it."""
    mime: str
    """As it is stored and sent on."""
    extension: FormatName
    """As it is stored and sent on; without the dot."""
    codecs: tuple[str, ...]
    """As FFmpeg names them."""
    extensions: tuple[str, ...]
    """Endings that such files have, with the dot. They decide nothing: the content does."""
    mime_types: tuple[str, ...]
    """Other types under which such files arrive."""


FORMATS: Final[tuple[FileFormat, ...]] = (
    FileFormat(
        "WAV",
        "audio/wav",
        "wav",
        (
            *("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_u8"),
            *("pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"),
        ),
        (".wav", ".wave", ".bw64", ".rf64"),
        ("audio/x-wav", "audio/wave", "audio/vnd.wave"),
    ),
    FileFormat("MP3", "audio/mpeg", "mp3", ("mp3",), (".mp3", ".mpga"), ("audio/mp3",)),
    FileFormat(
        "M4A",
        "audio/mp4",
        "m4a",
        ("aac", "opus"),
        (".m4a", ".mp4", ".m4b", ".mov", ".qta"),
        ("audio/m4a", "audio/x-m4a", "audio/aac", "video/mp4", "video/quicktime"),
    ),
    FileFormat("FLAC", "audio/flac", "flac", ("flac",), (".flac",), ("audio/x-flac",)),
    FileFormat(
        "Ogg",
        "audio/ogg",
        "ogg",
        ("opus", "vorbis", "flac"),
        (".ogg", ".oga", ".opus"),
        ("audio/opus", "video/ogg", "application/ogg"),
    ),
    FileFormat(
        "WebM",
        "audio/webm",
        "webm",
        ("opus", "vorbis"),
        (".webm", ".weba", ".mka"),
        ("video/webm", "audio/x-matroska", "video/x-matroska"),
    ),
)
ACCEPTED: Final = "Send WAV, MP3, M4A (AAC or Opus), FLAC, or Ogg or WebM with Opus."
"""The message for a file of another kind."""
MIME_TYPES: Final = tuple(one.mime for one in FORMATS)
EXTENSIONS: Final = tuple(extension for one in FORMATS for extension in one.extensions)
BY_MIME: Final = {mime: one for one in FORMATS for mime in (one.mime, *one.mime_types)}


HEADS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"RIFF", "WAV"),
    (0, b"RF64", "WAV"),
    (0, b"BW64", "WAV"),
    (0, b"ID3\x02", "MP3"),
    (0, b"ID3\x03", "MP3"),
    (0, b"ID3\x04", "MP3"),
    (4, b"ftyp", "M4A"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"\x1aE\xdf\xa3", "WebM"),
    (0, b"FORM", "AIFF"),
    (0, b"caff", "CAF"),
    (0, b".snd", "AU"),
    (0, b"#!AMR", "AMR"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "WMA"),
)
"""Bytes at a place from the beginning, and the title of what begins with them."""


def known_head(first: bytes) -> str | None:
    """Return the title of the kind of file that begins with these bytes; None for raw samples.

    Args:
        first: From the beginning. An MP3 without a tag is known by its first three frames.
    """
    for at, head, title in HEADS:
        if first[at : at + len(head)] == head:
            return title
    if first[:1] == b"\xff":
        for title, size_of in (("MP3", _mp3_frame_bytes), ("AAC", _adts_frame_bytes)):
            at = 0
            for _ in range(2):
                at += (size := size_of(first[at : at + 7]))
                if not size:
                    break
            else:
                if size_of(first[at : at + 7]):
                    return title
    return None


_KBITS: Final = {
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000)}


def _mp3_frame_bytes(head: bytes) -> int:
    """Return the bytes of a frame of MPEG 1 or 2, layer III; 0 where none begins.

    ISO/IEC 11172-3, section 2.4.1.3, and ISO/IEC 13818-3.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in _KBITS or not 0 < kbits < 15 or rate == 3:
        return 0
    samples = 144_000 if version == 3 else 72_000
    return samples * _KBITS[version][kbits - 1] // _RATES[version][rate] + (head[2] >> 1 & 1)


def _adts_frame_bytes(head: bytes) -> int:
    """Return the bytes of a frame of AAC in ADTS (ISO/IEC 13818-7, 6.2); 0 where none begins."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else 0


def file_name(mime: str) -> str:
    """Return a name for a file of an accepted type: many readers go by the ending."""
    return f"audio.{BY_MIME[mime].extension}"
