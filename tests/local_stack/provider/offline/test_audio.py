"""Files of any kind, read as what the offline engines hear."""

import io
import math
from array import array

import av
import pytest
from av.audio.resampler import AudioResampler

from local_stack.provider.generated.reader import UnreadableError
from local_stack.provider.offline.audio import read_audio
from tests.local_stack.provider.wire import SAMPLES, sample_pcm


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


def test_same_rate() -> None:
    """A file that is as the engines take it is read bit for bit."""
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


def rms(pcm: bytes) -> float:
    """Loudness, as root of the mean square."""
    samples = array("h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))
