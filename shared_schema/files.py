"""Audio files that are taken: the one list that page, services and docs are made from."""

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
    """Other types that such files are told to have."""


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
"""What a person whose file is of another kind is told."""
MIME_TYPES: Final = tuple(one.mime for one in FORMATS)
EXTENSIONS: Final = tuple(extension for one in FORMATS for extension in one.extensions)
BY_MIME: Final = {mime: one for one in FORMATS for mime in (one.mime, *one.mime_types)}


def file_name(mime: str) -> str:
    """Return a name for a file of an accepted type: many readers go by the ending."""
    return f"audio.{BY_MIME[mime].extension}"
