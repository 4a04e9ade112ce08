"""Audio files, made on the spot."""

import array
import math
import struct
from functools import cache, lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame

CONTAINERS = {
    "wav": "wav",
    "mp3": "mp3",
    "m4a": "ipod",
    "flac": "flac",
    "ogg": "ogg",
    "webm": "webm",
}
CODECS = {
    "wav": "pcm_s16le",
    "mp3": "libmp3lame",
    "m4a": "aac",
    "flac": "flac",
    "ogg": "libopus",
    "webm": "libopus",
}


@cache
def _second(rate: int) -> bytes:
    samples = (int(4000 * math.sin(2 * math.pi * 220 * n / rate)) for n in range(rate))
    return array.array("h", samples).tobytes()


def tone(rate: int, seconds: float) -> bytes:
    """A quiet tone as 16-bit samples."""
    second = _second(rate)
    size = 2 * round(rate * seconds)
    return (second * (size // len(second) + 1))[:size]


def write_audio(
    path: Path,
    kind: str = "wav",
    *,
    seconds: float = 5.0,
    rate: int = 48_000,
    codec: str | None = None,
    options: dict[str, str] | None = None,
    tracks: int = 1,
    layout: str = "mono",
) -> Path:
    """Write a tone as a file of the given kind, whatever its name says."""
    content = _encoded(
        kind=CONTAINERS.get(kind, kind),
        codec=codec or CODECS[kind],
        seconds=seconds,
        rate=rate,
        options=tuple((options or {}).items()),
        tracks=tracks,
        layout=layout,
    )
    path.write_bytes(content)
    return path


@lru_cache(maxsize=32)
def _encoded(
    *,
    kind: str,
    codec: str,
    seconds: float,
    rate: int,
    options: tuple[tuple[str, str], ...],
    tracks: int,
    layout: str,
) -> bytes:
    """Encode a tone; once for all services and tests that are asked the same."""
    with NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=kind, options=dict(options)) as out:
            streams = [add_track(out, codec, rate, layout) for _ in range(tracks)]
            for stream in streams:
                mux_tone(out, stream, seconds)
        return Path(file.name).read_bytes()


def add_track(out: OutputContainer, codec: str, rate: int, layout: str = "mono") -> AudioStream:
    """Add a sound track."""
    stream: Any = out.add_stream(codec, rate=rate)
    stream.layout = layout
    assert isinstance(stream, AudioStream)
    return stream


def mux_tone(out: OutputContainer, stream: AudioStream, seconds: float) -> None:
    """Write a tone to a track, and its end."""
    rate = stream.codec_context.sample_rate
    sound, step, position = tone(rate, seconds), rate // 5, 0
    mixer = AudioResampler(format="s16", layout=stream.layout, rate=rate)
    for start in range(0, len(sound), 2 * step):
        piece = sound[start : start + 2 * step]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
        frame.sample_rate, frame.pts = rate, position
        frame.planes[0].update(piece)
        position += frame.samples
        for one in mixer.resample(frame):
            out.mux(stream.encode(one))
    out.mux(stream.encode(None))


def write_video(path: Path, *, seconds: float = 5.0) -> Path:
    """Write a film with sound."""
    with av.open(str(path), "w", format="mp4") as out:
        pictures: Any = out.add_stream("mpeg4", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sound = add_track(out, "aac", 48_000)
        for number in range(round(5 * seconds)):
            frame = VideoFrame(64, 64, "yuv420p")
            frame.pts = number
            out.mux(pictures.encode(frame))
        out.mux(pictures.encode(None))
        mux_tone(out, sound, seconds)
    return path


def write_with_cover(path: Path, *, seconds: float = 5.0) -> Path:
    """Write an MP3 with a cover picture."""
    with av.open(str(path), "w", format="mp3") as out:
        sound = add_track(out, "libmp3lame", 48_000)
        cover: Any = out.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = VideoFrame(64, 64, "yuvj420p")
        picture.pts = 0
        out.mux(cover.encode(picture))
        out.mux(cover.encode(None))
        mux_tone(out, sound, seconds)
    return path


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _pcm_format(rate: int, width: int, *, bits: int | None = None, channels: int = 1) -> bytes:
    frame = width * channels
    bits = bits if bits is not None else 8 * width
    return struct.pack("<HHIIHH", 1, channels, rate, rate * frame, frame, bits)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WAV of these chunks."""
    body = b"WAVE" + b"".join(_chunk(*one) for one in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def titled_wav(seconds: float, title: bytes) -> bytes:
    """A WAV with a title, which may be in any encoding."""
    tags = b"INFO" + _chunk(b"INAM", title + b"\0")
    sound = tone(16_000, seconds)
    return riff((b"fmt ", _pcm_format(16_000, 2)), (b"LIST", tags), (b"data", sound))


def bw64(seconds: float, behind: bytes) -> bytes:
    """A BW64 with the lengths in `ds64`, and a chunk of XML behind the sound (ITU-R BS.2088)."""
    sound = tone(16_000, seconds)
    lengths = struct.pack("<QQQI", 0, len(sound), len(sound) // 2, 0)
    file = b"BW64\xff\xff\xff\xffWAVE" + _chunk(b"ds64", lengths)
    file += _chunk(b"fmt ", _pcm_format(16_000, 2))
    return file + b"data\xff\xff\xff\xff" + sound + _chunk(b"axml", behind)


def bits_24_in_32(seconds: float) -> bytes:
    """A WAV whose samples of 24 bits fill 32 each."""
    sound = b"".join(
        struct.pack("<i", one[0] << 8) for one in struct.iter_unpack("<h", tone(16_000, seconds))
    )
    return riff((b"fmt ", _pcm_format(16_000, 4, bits=24)), (b"data", sound))


def many_samples(rate: int, channels: int) -> bytes:
    """A second of silence in a WAV of any rate and number of channels."""
    form = _pcm_format(rate, 2, channels=channels)
    return riff((b"fmt ", form), (b"data", bytes(2 * rate * channels)))


def with_spatial_track(path: Path, seconds: float) -> bytes:
    """An iPhone's `.qta`: AAC, and a second track with a codec of Apple's own."""
    track = write_audio(path, "mov", codec="aac", seconds=seconds, tracks=2).read_bytes()
    at = track.index(b"mp4a", track.rindex(b"stsd"))
    return track[:at] + b"apac" + track[at + 4 :]


def cut_by_edit_list(path: Path, seconds: float, kept: float, begin: float = 0) -> bytes:
    """An M4A of 48 kHz whose edit list keeps less than its tables name, from this second on."""
    content = bytearray(write_audio(path, "m4a", seconds=seconds).read_bytes())
    place = content.index(b"elst") + 12
    struct.pack_into(">II", content, place, round(1000 * kept), round(48_000 * begin))
    return bytes(content)


def with_lost_chunk(path: Path, seconds: float) -> bytes:
    """An M4A whose table points behind the end of the file."""
    content = bytearray(write_audio(path, "m4a", seconds=seconds).read_bytes())
    struct.pack_into(">I", content, content.index(b"stco") + 12, 0x7FFF_0000)
    return bytes(content)


def damaged_in_the_middle(content: bytes, size: int) -> bytes:
    """The same file with so many bytes of its middle turned around."""
    middle = len(content) // 2
    turned = bytes(byte ^ 0xFF for byte in content[middle : middle + size])
    return content[:middle] + turned + content[middle + size :]


def write_vorbis(path: Path, kind: str, *, seconds: float = 4.0, rate: int = 48_000) -> Path:
    """Write a tone as Vorbis, whose only encoder here takes two channels, in WebM or Ogg."""
    path.write_bytes(_vorbis(CONTAINERS[kind], seconds, rate))
    return path


@lru_cache(maxsize=8)
def _vorbis(kind: str, seconds: float, rate: int) -> bytes:
    with NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=kind) as out:
            stream: Any = out.add_stream("vorbis", rate=rate, options={"strict": "-2"})
            stream.layout = "stereo"
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
            sound = tone(rate, seconds)
            for start in range(0, len(sound), 2 * rate // 5):
                piece = sound[start : start + 2 * rate // 5]
                frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
                frame.sample_rate, frame.pts = rate, start // 2
                frame.planes[0].update(piece)
                for one in resampler.resample(frame):
                    out.mux(stream.encode(one))
            out.mux(stream.encode(None))
        return Path(file.name).read_bytes()
