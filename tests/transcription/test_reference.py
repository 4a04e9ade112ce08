"""What is written for cloning engines, and where someone speaks."""

import io
import wave
from array import array
from pathlib import Path

import pytest

from tests.audio_files import tone, write_audio
from transcription.audio.reference import MAX_STRETCHES, voice_in, write_reference
from transcription.errors import InvalidAudio

RATE = 8_000


def bursts(count: int, on: float, off: float) -> io.BytesIO:
    """Return a WAV with tones and pauses in turn."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes((tone(RATE, on) + bytes(2 * round(off * RATE))) * count)
    file.seek(0)
    return file


def test_voice_is_where_there_is_sound() -> None:
    """Stretches begin and end with the sound, and short pauses lie inside of them."""
    voice = voice_in(bursts(2, 1.0, 1.0))
    assert voice.seconds == pytest.approx(4, abs=0.01)
    assert voice.stretches is not None
    told = [(round(one.start, 1), round(one.end, 1)) for one in voice.stretches]
    assert told == [(0, 1), (2, 3)]
    joined = voice_in(bursts(4, 0.5, 0.2)).stretches
    assert joined is not None
    assert len(joined) == 1


def test_a_long_recording_tells_of_no_more_stretches_than_fit() -> None:
    """However often someone pauses, what a process answers stays small."""
    voice = voice_in(bursts(MAX_STRETCHES + 50, 0.1, 0.34))
    assert voice.stretches is not None
    assert 0 < len(voice.stretches) <= MAX_STRETCHES


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100])
def test_a_reference_lasts_no_longer_than_is_asked(tmp_path: Path, rate: int) -> None:
    """A rate that does not divide the other adds no sample beyond the limit."""
    target = io.BytesIO()
    with write_audio(tmp_path / "a", seconds=5, rate=48_000).open("rb") as source:
        made = write_reference(source, target, rate, 5.0)
    assert made.sample_rate == rate
    assert made.duration_seconds == pytest.approx(5, abs=0.001)
    with wave.open(io.BytesIO(target.getvalue())) as sound:
        assert 0 <= 5 * rate - sound.getnframes() < 8
        assert max(array("h", sound.readframes(rate))) > 3000


def test_a_longer_recording_is_not_cut(tmp_path: Path) -> None:
    """What is more than rounding is refused."""
    with (
        write_audio(tmp_path / "a", seconds=5.1).open("rb") as source,
        pytest.raises(InvalidAudio, match="more than 5 s"),
    ):
        write_reference(source, io.BytesIO(), 24_000, 5.0)
