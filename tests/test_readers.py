"""One file, one answer: the inspection, its copy, the command and the offline engine."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from local_stack.provider.generated import reader as stand_in_reader
from local_stack.provider.offline.audio import read_audio
from tests import audio_files
from tests.audio_files import write_audio
from transcription.audio.inspection import AudioInspector, AudioLimits
from transcription.errors import InvalidAudio, UnsupportedAudio
from utter_transcribe.audio import decode, duration
from utter_transcribe.errors import AudioError

ROOT: Final = Path(__file__).parent.parent
LIMITS: Final = AudioLimits(3.0, 300.0, 52_428_800)

pytestmark = pytest.mark.asyncio(loop_scope="module")

Make = Callable[[Path], bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """Every reader takes it, and hears so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Every reader refuses it, in words with these among them."""

    words: str


def _two_rates(folder: Path) -> bytes:
    first = write_audio(folder / "a", "mp3", seconds=3, rate=44_100, layout="stereo").read_bytes()
    return first + write_audio(folder / "b", "mp3", seconds=4, rate=22_050).read_bytes()


def _chained(folder: Path, layout: str) -> bytes:
    first = write_audio(folder / "a", "ogg", seconds=4).read_bytes()
    return first + write_audio(folder / "b", "ogg", seconds=5, layout=layout).read_bytes()


def _written(kind: str, **options: str) -> Make:
    return lambda folder: write_audio(folder / "a", kind, seconds=5, **options).read_bytes()  # type: ignore[arg-type]


def _damaged(kind: str, size: int, seconds: float = 5) -> Make:
    return lambda folder: audio_files.damaged_in_the_middle(
        write_audio(folder / "a", kind, seconds=seconds).read_bytes(), size
    )


CASES: Final[Mapping[str, tuple[Make, Taken | Refused]]] = {
    "WAV": (_written("wav"), Taken(5)),
    "WAV with a title in cp1252": (
        lambda _: audio_files.titled_wav(5, "Gespräch über Köln".encode("cp1252")),
        Taken(5),
    ),
    "BW64 with XML behind the sound": (lambda _: audio_files.bw64(5, bytes(90_001)), Taken(5)),
    "WAV with 24 bits in 32": (lambda _: audio_files.bits_24_in_32(5), Refused("24 bits in 32")),
    "WAV with 192 kHz and 3 channels": (
        lambda _: audio_files.many_samples(192_000, 3),
        Refused("192,000 Hz with 3 channels"),
    ),
    "MP3": (_written("mp3"), Taken(5)),
    "MP3 of two rates": (_two_rates, Taken(7)),
    "M4A": (_written("m4a"), Taken(5)),
    "Opus in MP4, as browsers record it": (_written("mp4", codec="libopus"), Taken(5)),
    "QuickTime with a spatial track": (
        lambda folder: audio_files.with_spatial_track(folder / "a", 5),
        Taken(5),
    ),
    "M4A whose codec has a name in no alphabet": (
        lambda folder: (
            write_audio(folder / "a", "m4a", seconds=5)
            .read_bytes()
            .replace(b"mp4a", b"\xe8\0\xff\x01")
        ),
        Taken(5),
    ),
    "M4A with one damaged packet": (_damaged("m4a", 20), Taken(5)),
    "M4A with many damaged packets": (_damaged("m4a", 20_000), Refused("damaged")),
    "M4A cut by an edit list": (
        lambda folder: audio_files.cut_by_edit_list(folder / "a", 20, 4),
        Taken(20),
    ),
    "M4A whose edit list cuts its beginning off": (
        lambda folder: audio_files.cut_by_edit_list(folder / "a", 5, 5, begin=0.9),
        Taken(5),
    ),
    "M4A whose table points behind its end": (
        lambda folder: audio_files.with_lost_chunk(folder / "a", 5),
        Refused("damaged"),
    ),
    "FLAC": (_written("flac"), Taken(5)),
    "Ogg": (_written("ogg"), Taken(5)),
    "Ogg of two links alike": (lambda folder: _chained(folder, "mono"), Taken(9)),
    "Ogg, mono and then stereo": (lambda folder: _chained(folder, "stereo"), Refused("damaged")),
    "WebM": (_written("webm"), Taken(5)),
    "several tracks": (
        lambda folder: write_audio(folder / "a", "m4a", tracks=2).read_bytes(),
        Refused("several"),
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inspector() -> AsyncIterator[AudioInspector]:
    """One worker for all files."""
    async with AudioInspector(LIMITS) as opened:
        yield opened


@pytest.mark.parametrize("copy", ["utter_transcribe/generated", "local_stack/provider/generated"])
async def test_all_read_with_the_same_code(copy: str) -> None:
    """Readers that import nothing of the services hold copies, which `make schema` writes."""
    original = ROOT / "transcription" / "audio" / "reader.py"
    assert (ROOT / copy / "reader.py").read_bytes() == original.read_bytes()


@pytest.mark.process
@pytest.mark.parametrize(("make", "expected"), CASES.values(), ids=CASES)
async def test_one_answer(
    inspector: AudioInspector, tmp_path: Path, make: Make, expected: Taken | Refused
) -> None:
    """A file is taken to its end by all who read it, or refused by all in the same words."""
    path, copy = tmp_path / "take", tmp_path / "copy"
    content = make(tmp_path)
    path.write_bytes(content)
    if isinstance(expected, Refused):
        with pytest.raises((InvalidAudio, UnsupportedAudio), match=expected.words):
            await inspector.inspect(path)
        with pytest.raises((InvalidAudio, UnsupportedAudio), match=expected.words):
            await inspector.to_16k_wav(path, copy)
        with pytest.raises(AudioError, match=expected.words):
            duration(path)
        with pytest.raises(AudioError, match=expected.words):
            list(decode(path))
        with pytest.raises(stand_in_reader.UnreadableError, match=expected.words):
            read_audio(content)
        return
    await inspector.to_16k_wav(path, copy)
    heard = {
        "inspection": (await inspector.inspect(path)).duration_seconds,
        "copy": (await inspector.inspect(copy)).duration_seconds,
        "command": duration(path),
        "stream": sum(map(len, decode(path))) / 32_000,
        "provider": len(read_audio(content)) / 32_000,
    }
    assert heard == dict.fromkeys(heard, pytest.approx(expected.seconds, abs=0.1))
