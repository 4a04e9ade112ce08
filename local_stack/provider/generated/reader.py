"""Reads the sound of a file to its end, in one way for all who read files.

`transcription/audio` holds the original. `utter_transcribe` and `local_stack/provider` import
nothing of it and hold copies, which `make schema` writes: what one takes, the others hear alike.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, BinaryIO, Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

MAX_PACKETS: Final = 1_000_000
MAX_BROKEN_PACKETS: Final = 10_000
MAX_BROKEN_SHARE: Final = 0.05
"""A file with more packets that cannot be decoded than this is damaged; fewer are left out."""
MAX_SAMPLES_PER_SECOND: Final = 2 * 192_000
"""Of all channels together."""
LEAD_IN_PACKETS: Final = 5
"""What an edit list may cut out of an MP4: what an encoder begins with. What is cut out besides is
heard by readers that follow no such list, and so it is read."""
UNHEARD: Final = frozenset({"apac"})
"""Codec tags of tracks that stand beside an ordinary one: an iPhone's spatial sound."""
DAMAGED: Final = "The file is damaged: parts of it cannot be decoded."
MISREAD: Final = frozenset({"pcm_f16le", "pcm_f24le"})
"""What FFmpeg takes whole numbers of 24 bits for when each fills 32."""


class UnreadableError(Exception):
    """The sound cannot be read; the message is for a person.

    Args:
        message: What is wrong.
        unsupported: The file may be whole, and is of a kind that is not read.
    """

    def __init__(self, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.unsupported = unsupported


class NotOpenedError(UnreadableError):
    """Nothing in the file is known."""


class Sound:
    """The one sound track of an open file. Its frames are read once.

    Attributes:
        container: The open file.
        stream: The track.
        codec: FFmpeg's name of the track's codec.
        packets: Packets read so far.
        packet_bytes: Their bytes.
    """

    def __init__(self, container: InputContainer) -> None:
        self.container = container
        self.stream, self.codec = _track(container)
        self.packets = 0
        self.packet_bytes = 0
        self._broken = 0

    @property
    def is_indexed(self) -> bool:
        """Whether a table names every packet, as in an MP4."""
        return "mp4" in self.container.format.name

    def frames(self) -> Iterator[AudioFrame]:
        """Yield what the track holds; single packets that are broken are left out.

        Raises:
            UnreadableError: More than single packets are broken, or it holds too much.
        """
        context = self.stream.codec_context
        context.thread_count = 1
        for packet in self._packets():
            try:
                frames = packet.decode()
            except FFmpegError:
                self._break()
                continue
            for frame in frames:
                if frame.sample_rate * frame.layout.nb_channels > MAX_SAMPLES_PER_SECOND:
                    raise UnreadableError(DAMAGED)  # the track did not say so
                yield frame
        with suppress(FFmpegError):
            yield from context.decode(None)
        # A table may name packets that are not where it says.
        indexed = len(self.stream.index_entries) if self.is_indexed else 0
        broken = self._broken + max(0, indexed - self.packets)
        if broken > max(1, MAX_BROKEN_SHARE * (self.packets + broken)):
            raise UnreadableError(DAMAGED)

    def pcm(self, rate: int) -> Iterator[bytes]:
        """Yield the track as mono 16-bit PCM, whatever its rate and layout change to on the way.

        Args:
            rate: Hertz.

        Raises:
            UnreadableError: As `frames` does.
        """
        resampler, known = None, None
        for frame in self.frames():
            setup = (frame.format.name, frame.layout.name, frame.sample_rate)
            if resampler is None or setup != known:
                yield from _bytes(resampler, None)
                resampler, known = AudioResampler(format="s16", layout="mono", rate=rate), setup
            frame.pts = None  # the samples follow one another, whatever the container says
            yield from _bytes(resampler, frame)
        yield from _bytes(resampler, None)

    def _packets(self) -> Iterator[Any]:
        """Yield packets until the demuxer finds none; an error in the middle is not the end."""
        while True:
            try:
                for packet in self.container.demux(self.stream):
                    if packet.size == 0 and packet.dts is None:
                        return  # PyAV's own, behind the last
                    self.packets += 1
                    self.packet_bytes += packet.size
                    if self.packets > MAX_PACKETS:
                        raise UnreadableError("The file is cut into too many pieces.")
                    yield packet
            except FFmpegError:
                self._break()
            else:
                return

    def _break(self) -> None:
        self._broken += 1
        if self._broken > MAX_BROKEN_PACKETS:
            raise UnreadableError(DAMAGED)


@contextmanager
def opened(file: BinaryIO, *, formats: Collection[str] | None = None) -> Iterator[Sound]:
    """Open a file and find its sound track.

    Args:
        file: At its beginning. It need not be seekable. It has no name, whose ending could sway
            FFmpeg's guess.
        formats: FFmpeg's names of the containers that are read; every one by default.

    Raises:
        UnreadableError: It is no audio, or not of a kind that is read.
    """
    options = {
        "protocol_whitelist": "none",  # a playlist opens no other file or address
    }
    if formats is not None:
        options["format_whitelist"] = ",".join(formats)
    with _open(file, options) as container:
        sound = Sound(container)
        if not sound.is_indexed or not file.seekable():
            yield sound
            return
        # What is cut off at the beginning stays in the table, marked.
        entries = islice(sound.stream.index_entries, MAX_PACKETS)
        kept = sum(not entry.is_discard for entry in entries)
    file.seek(0)
    with _open(file, options | {"ignore_editlist": "1"}) as container:
        sound = Sound(container)
        if len(sound.stream.index_entries) > kept + LEAD_IN_PACKETS:
            yield sound
            return
    file.seek(0)
    with _open(file, options) as container:
        yield Sound(container)


def _open(file: BinaryIO, options: dict[str, str]) -> InputContainer:
    try:
        # The titles in a file may be in any encoding.
        return av.open(file, "r", options=options, metadata_errors="ignore")
    except (FFmpegError, ValueError, UnicodeError):
        raise NotOpenedError("The file is damaged: it cannot be read as audio.") from None


def _track(container: InputContainer) -> tuple[AudioStream, str]:
    """Return the one track that is heard, and its codec.

    Raises:
        UnreadableError: There is none, or there are several.
    """
    tracks, unknown = [], False
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is None or _tag(context) in UNHEARD:
            unknown = True
        else:
            tracks.append(stream)
    if not tracks:
        if unknown:
            raise UnreadableError("The file's sound has an unknown codec.", unsupported=True)
        raise UnreadableError("The file holds no sound.")
    if len(tracks) > 1:
        message = "The file holds several sound tracks. Send one alone."
        raise UnreadableError(message, unsupported=True)
    [stream] = tracks
    context = stream.codec_context
    codec = context.codec.canonical_name
    if codec in MISREAD:
        message = "The file keeps 24 bits in 32. Save it with 16, 24 or 32 bits."
        raise UnreadableError(message, unsupported=True)
    rate, channels = context.sample_rate, context.channels
    if rate * channels > MAX_SAMPLES_PER_SECOND:
        message = f"{rate:,} Hz with {channels} channels are too much. Save it at 48,000 Hz."
        raise UnreadableError(message, unsupported=True)
    return stream, codec


def _tag(context: AudioCodecContext) -> str:
    """Return the four characters by which a container calls a codec, if they are any."""
    try:
        return context.codec_tag
    except UnicodeDecodeError:
        return ""


def _bytes(resampler: AudioResampler | None, frame: AudioFrame | None) -> Iterator[bytes]:
    if resampler is not None:
        for piece in resampler.resample(frame):
            yield bytes(piece.planes[0])[: 2 * piece.samples]
