"""Audio files, made on the spot."""

import array
import math
from pathlib import Path
from typing import Any

import av
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


def tone(rate: int, seconds: float) -> bytes:
    """A quiet tone as 16-bit samples."""
    samples = (int(4000 * math.sin(2 * math.pi * 220 * n / rate)) for n in range(rate))
    second = array.array("h", samples).tobytes()
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
) -> Path:
    """Write a tone as a file of the given kind, whatever its name says."""
    with av.open(str(path), "w", format=CONTAINERS.get(kind, kind), options=options or {}) as out:
        streams = [add_track(out, codec or CODECS[kind], rate) for _ in range(tracks)]
        for stream in streams:
            mux_tone(out, stream, seconds)
    return path


def add_track(out: OutputContainer, codec: str, rate: int) -> AudioStream:
    """Add a mono sound track."""
    stream: Any = out.add_stream(codec, rate=rate)
    stream.layout = "mono"
    assert isinstance(stream, AudioStream)
    return stream


def mux_tone(out: OutputContainer, stream: AudioStream, seconds: float) -> None:
    """Write a tone to a track, and its end."""
    rate = stream.codec_context.sample_rate
    sound, step, position = tone(rate, seconds), rate // 5, 0
    for start in range(0, len(sound), 2 * step):
        piece = sound[start : start + 2 * step]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
        frame.sample_rate, frame.pts = rate, position
        frame.planes[0].update(piece)
        position += frame.samples
        out.mux(stream.encode(frame))
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
