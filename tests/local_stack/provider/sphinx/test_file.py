"""Whole files, of any kind."""

from __future__ import annotations

import io
import math
from array import array

import av
import pytest
from av.audio.resampler import AudioResampler

from local_stack.provider.reader import UnreadableError
from local_stack.provider.sphinx.decoders import file_decoder
from local_stack.provider.sphinx.file import read_audio, recognise
from tests.local_stack.provider.wire import SAMPLES, sample_pcm, sample_text, word_errors


def encode(container: str, codec: str, rate: int, layout: str) -> bytes:
    """The short sample as another kind of file."""
    out = io.BytesIO()
    with av.open(str(SAMPLES / "short.wav")) as source, av.open(out, "w", container) as target:
        stream = target.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        resampler = AudioResampler(
            format=stream.format, layout=layout, rate=rate, frame_size=stream.frame_size or None
        )
        for frame in [*source.decode(audio=0), None]:
            for block in resampler.resample(frame):
                target.mux(stream.encode(block))
        target.mux(stream.encode(None))
    return out.getvalue()


def test_reference() -> None:
    """The reference sample is heard as a file with at most 8 % of its words wrong."""
    pcm = read_audio((SAMPLES / "reference.wav").read_bytes())
    utterances = list(recognise(file_decoder(), pcm))
    text = " ".join(word.text for words in utterances for word in words)
    assert word_errors(sample_text("reference"), text) <= 0.08
    assert len(utterances) == 3
    times = [time for words in utterances for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= len(pcm) / 32_000


def test_same_rate() -> None:
    """A file that is as the recogniser takes it is read bit for bit."""
    assert read_audio((SAMPLES / "short.wav").read_bytes()) == sample_pcm("short")


@pytest.mark.parametrize(
    ("container", "codec", "rate", "layout"),
    [
        ("wav", "pcm_s16le", 48_000, "stereo"),
        ("wav", "pcm_f32le", 44_100, "mono"),
        ("wav", "pcm_s16le", 8_000, "mono"),
        ("mp3", "libmp3lame", 44_100, "mono"),
        ("flac", "flac", 24_000, "mono"),
        ("mp4", "aac", 48_000, "mono"),
        ("webm", "libopus", 48_000, "mono"),
        ("ogg", "libopus", 48_000, "mono"),
    ],
)
def test_formats(container: str, codec: str, rate: int, layout: str) -> None:
    """Any container, codec and rate is read, at its right length and loudness."""
    pcm = read_audio(encode(container, codec, rate, layout))
    original = sample_pcm("short")
    assert len(pcm) == pytest.approx(len(original), abs=32_000 * 0.1)
    assert rms(pcm) == pytest.approx(rms(original), rel=0.35)


def test_resampled_speech() -> None:
    """Speech is heard as well from a file of another rate."""
    pcm = read_audio(encode("wav", "pcm_s16le", 48_000, "stereo"))
    heard = [word.text for words in recognise(file_decoder(), pcm) for word in words]
    assert word_errors(sample_text("short"), " ".join(heard)) <= 0.1


@pytest.mark.parametrize(
    "data", [b"", b"hello", bytes(10_000), (SAMPLES / "short.wav").read_bytes()[:44]]
)
def test_unreadable(data: bytes) -> None:
    """What holds no audio is refused."""
    with pytest.raises(UnreadableError):
        read_audio(data)


def test_too_long() -> None:
    """Audio longer than the limit is refused while it is read."""
    with pytest.raises(UnreadableError, match="longer than 2 s"):
        read_audio((SAMPLES / "short.wav").read_bytes(), max_seconds=2)


def test_files_are_alike() -> None:
    """A decoder that heard one file hears the next as if it were its first."""
    first = list(recognise(file_decoder(), sample_pcm("short")))
    list(recognise(file_decoder(), sample_pcm("reference")[: 32_000 * 4]))
    assert list(recognise(file_decoder(), sample_pcm("short"))) == first


def rms(pcm: bytes) -> float:
    """Loudness, as root of the mean square."""
    samples = array("h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))
