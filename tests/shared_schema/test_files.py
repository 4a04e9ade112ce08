"""The first bytes of files."""

import random
import struct
from pathlib import Path

import pytest

from shared_schema.files import BY_MIME, FORMATS, file_name, known_head
from tests.audio_files import tone, write_audio


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("wav", "WAV"),
        ("mp3", "MP3"),
        ("m4a", "M4A"),
        ("flac", "FLAC"),
        ("ogg", "Ogg"),
        ("webm", "WebM"),
        ("aiff", "AIFF"),
        ("caf", "CAF"),
        ("au", "AU"),
    ],
)
def test_files_are_known_by_their_first_bytes(tmp_path: Path, kind: str, title: str) -> None:
    """A file of a common kind is told from raw samples by its first sixteen bytes."""
    codec = {"aiff": "pcm_s16be", "caf": "pcm_s16be", "au": "pcm_s16be"}.get(kind)
    assert known_head(write_audio(tmp_path / "a", kind, codec=codec).read_bytes()[:16]) == title


@pytest.mark.parametrize(
    ("kind", "codec", "title"), [("mp3", "libmp3lame", "MP3"), ("adts", "aac", "AAC")]
)
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_frames_without_a_head(
    tmp_path: Path, kind: str, codec: str, title: str, rate: int
) -> None:
    """MP3 without a tag, and AAC in ADTS, are known by three frames that follow one another."""
    options = {"write_xing": "0", "id3v2_version": "0"} if kind == "mp3" else {}
    path = write_audio(tmp_path / "a", kind, codec=codec, rate=rate, options=options)
    assert known_head(path.read_bytes()[:3200]) == title


def test_samples_are_no_file() -> None:
    """Speech, silence, loud noise and samples that look like one frame are raw samples."""
    noise = random.Random(7)  # noqa: S311 - samples, not secrets
    assert known_head(b"") is None
    assert known_head(bytes(3200)) is None
    assert known_head(tone(16_000, 0.1)) is None
    assert known_head(b"\xff\xfb\x90\x64" + bytes(3196)) is None
    assert not any(known_head(b"\xff" + noise.randbytes(3199)) for _ in range(20_000))
    assert not any(known_head(noise.randbytes(64)) for _ in range(20_000))
    assert known_head(struct.pack("<1600h", *([-1] * 1600))) is None


def test_types_and_endings_belong_to_one_format() -> None:
    """A type or an ending names one format, and each has a name to be sent under."""
    for part in ("extensions", "mime_types"):
        named = [one for kind in FORMATS for one in getattr(kind, part)]
        assert len(named) == len(set(named))
    assert {file_name(mime) for mime in BY_MIME} == {f"audio.{one.extension}" for one in FORMATS}
