import array
import asyncio
import fcntl
import os
import signal
import socket
import struct
import termios
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from tests.audio_files import tone, write_audio, write_video, write_with_cover
from tests.waiting import until
from transcription.audio.inspection import AudioInfo, AudioInspector, AudioLimits
from transcription.errors import (
    Capacity,
    InvalidAudio,
    PayloadTooLarge,
    TranscriptionError,
    UnsupportedAudio,
)

LIMITS = AudioLimits(min_seconds=3, max_seconds=300, max_bytes=52_428_800)
DATA_SIZE_AT = 40
"""Where the canonical 44-byte header tells the size of the sound."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inspector() -> AsyncIterator[AudioInspector]:
    """One inspector, with the default limits, for all tests that leave it whole."""
    async with AudioInspector(LIMITS) as inspector:
        yield inspector


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.process]


def wav(
    path: Path, seconds: float, *, claims: float | int | None = None, after: bytes = b""
) -> Path:
    """Write a WAV by hand: 16 kHz mono 16 bit, whose header may claim other seconds (or bytes)."""
    sound = tone(16_000, seconds)
    claimed = claims if isinstance(claims, int) else int((claims or seconds) * 32_000)
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(sound) + len(after) & 0xFFFFFFFF, b"WAVE"),
        *(b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16),
        *(b"data", claimed),
    )
    path.write_bytes(header + sound + after)
    return path


@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("m4a", "audio/mp4"),
        ("flac", "audio/flac"),
        ("ogg", "audio/ogg"),
        ("webm", "audio/webm"),
    ],
)
async def test_formats(inspector: AudioInspector, tmp_path: Path, kind: str, mime: str) -> None:
    """Every accepted format is told by its content, under any name, and measured."""
    path = write_audio(tmp_path / "notes.txt", kind, seconds=5)
    info = await inspector.inspect(path)
    assert info == AudioInfo(kind, mime, kind, info.duration_seconds, 48_000, 1)  # type: ignore[arg-type]
    assert info.duration_seconds == pytest.approx(5.0, abs=0.03)


@pytest.mark.parametrize("codec", ["pcm_s24le", "pcm_f32le", "pcm_u8", "pcm_mulaw"])
async def test_kinds_of_pcm(inspector: AudioInspector, tmp_path: Path, codec: str) -> None:
    """A WAV may hold samples of any width."""
    info = await inspector.inspect(write_audio(tmp_path / "a", "wav", codec=codec, rate=44_100))
    assert (info.duration_seconds, info.sample_rate) == (5.0, 44_100)


@pytest.mark.parametrize("flags", ["", "+faststart"])
async def test_moov_at_either_end(inspector: AudioInspector, tmp_path: Path, flags: str) -> None:
    """An M4A may carry its index at the end, as phones write it, or in front."""
    path = write_audio(tmp_path / "a", "m4a", options={"movflags": flags} if flags else None)
    content = path.read_bytes()
    assert (content.index(b"moov") < content.index(b"mdat")) is bool(flags)
    assert (await inspector.inspect(path)).duration_seconds == pytest.approx(5.0, abs=0.03)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"Dear diary, " * 500, "a.wav"),
        (b"Dear diary, " * 500, "a.mp3"),
        (b"ffconcat version 1.0\nfile {good}\n", "a.wav"),
        (b"\x00" * 100_000, "a.wav"),
        (bytes(range(256)) * 400, "a.ogg"),
    ],
    ids=["text", "text-mp3", "concat", "zeros", "noise"],
)
async def test_no_audio(
    inspector: AudioInspector, tmp_path: Path, content: bytes, name: str
) -> None:
    """What is no audio is refused whatever its name."""
    good = write_audio(tmp_path / "good.wav")
    path = tmp_path / name
    path.write_bytes(content.replace(b"{good}", str(good).encode()))
    with pytest.raises(UnsupportedAudio):
        await inspector.inspect(path)


async def test_playlist(inspector: AudioInspector, tmp_path: Path) -> None:
    """A playlist is refused, and nothing that it names is fetched."""
    path = tmp_path / "a.m3u8"
    with socket.create_server(("127.0.0.1", 0)) as bait:
        address = f"http://127.0.0.1:{bait.getsockname()[1]}/a.ts"
        path.write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(UnsupportedAudio):
            await inspector.inspect(path)
        bait.setblocking(False)
        with pytest.raises(BlockingIOError):
            bait.accept()


@pytest.mark.parametrize(
    ("container", "codec"),
    [("ipod", "alac"), ("wav", "adpcm_ima_wav"), ("adts", "aac"), ("aiff", "pcm_s16be")],
)
async def test_other_formats(
    inspector: AudioInspector, tmp_path: Path, container: str, codec: str
) -> None:
    """Audio of another container or codec is refused, and the message names what is accepted."""
    path = write_audio(tmp_path / "a", container, codec=codec)
    with pytest.raises(UnsupportedAudio, match="Send WAV, MP3"):
        await inspector.inspect(path)


async def test_video(inspector: AudioInspector, tmp_path: Path) -> None:
    """A film has sound too, and is refused."""
    with pytest.raises(UnsupportedAudio, match="video"):
        await inspector.inspect(write_video(tmp_path / "a.m4a"))


async def test_cover(inspector: AudioInspector, tmp_path: Path) -> None:
    """A cover picture makes no film."""
    info = await inspector.inspect(write_with_cover(tmp_path / "a"))
    assert info.format == "mp3"
    assert info.duration_seconds == pytest.approx(5.0, abs=0.03)


async def test_several_tracks(inspector: AudioInspector, tmp_path: Path) -> None:
    """With several sound tracks nobody can say which one will be heard."""
    with pytest.raises(UnsupportedAudio, match="several"):
        await inspector.inspect(write_audio(tmp_path / "a", "m4a", tracks=2))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(2.9, "lasts 2.9 s; at least 3 s"), (301, "lasts 301 s; at most 300 s")],
)
async def test_length(inspector: AudioInspector, tmp_path: Path, seconds: float, said: str) -> None:
    """Too short and too long are refused, with the figure."""
    with pytest.raises(InvalidAudio, match=said):
        await inspector.inspect(write_audio(tmp_path / "a", "wav", seconds=seconds, rate=16_000))


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "flac", "ogg", "webm"])
async def test_longest(tmp_path: Path, kind: str) -> None:
    """A recording of just the longest length is accepted, though its encoder filled a frame up."""
    async with AudioInspector(AudioLimits(3, 10, 52_428_800)) as inspector:
        info = await inspector.inspect(write_audio(tmp_path / "a", kind, seconds=10))
    assert info.duration_seconds == pytest.approx(10.0, abs=0.1)


async def test_hours_of_silence(tmp_path: Path) -> None:
    """What lasts for very long in few bytes is read no further than tells that it is too long."""
    async with AudioInspector(AudioLimits(3, 10, 52_428_800)) as inspector:
        path = write_audio(tmp_path / "a", "ogg", seconds=60, rate=48_000)
        with pytest.raises(InvalidAudio, match="lasts more than 20 s; at most 10 s"):
            await inspector.inspect(path)


async def test_too_many_bytes(inspector: AudioInspector, tmp_path: Path) -> None:
    """A file of one byte too many is refused unread."""
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(LIMITS.max_bytes + 1)
    with pytest.raises(PayloadTooLarge, match="52,428,800"):
        await inspector.inspect(path)


async def test_empty_file(inspector: AudioInspector, tmp_path: Path) -> None:
    """An empty file is told to be empty."""
    path = tmp_path / "a"
    path.touch()
    with pytest.raises(InvalidAudio, match="empty"):
        await inspector.inspect(path)


async def test_truncated(inspector: AudioInspector, tmp_path: Path) -> None:
    """Half a file lasts half as long, whatever its header still claims."""
    path = write_audio(tmp_path / "a", "mp3", seconds=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InvalidAudio, match=r"lasts 2\.[3-6]\d* s"):
        await inspector.inspect(path)


@pytest.mark.parametrize("kind", ["flac", "ogg", "webm", "mp3"])
async def test_truncated_but_long_enough(
    inspector: AudioInspector, tmp_path: Path, kind: str
) -> None:
    """What a broken upload left is used for what it is, if it is enough."""
    path = write_audio(tmp_path / "a", kind, seconds=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 4.5 < (await inspector.inspect(path)).duration_seconds < 5.5


async def test_without_its_index(inspector: AudioInspector, tmp_path: Path) -> None:
    """An M4A whose index at the end was cut off cannot be decoded, and is told so."""
    path = write_audio(tmp_path / "a", "m4a")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(InvalidAudio, match="damaged"):
        await inspector.inspect(path)


@pytest.mark.parametrize(
    ("kind", "keep"), [("wav", 12), ("flac", 42), ("ogg", 100), ("m4a", 40), ("webm", 60)]
)
async def test_scrambled(inspector: AudioInspector, tmp_path: Path, kind: str, keep: int) -> None:
    """A good beginning with noise behind it is told to be damaged, not to be unknown."""
    path = write_audio(tmp_path / "a", kind)
    path.write_bytes(path.read_bytes()[:keep] + os.urandom(50_000))
    with pytest.raises(InvalidAudio):
        await inspector.inspect(path)


async def test_header_that_claims_too_much(inspector: AudioInspector, tmp_path: Path) -> None:
    """A WAV that claims more than it holds lasts as long as what it holds."""
    path = wav(tmp_path / "a", 5.0, claims=200.0)
    assert (await inspector.inspect(path)).duration_seconds == 5.0


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
async def test_header_of_a_stream(inspector: AudioInspector, tmp_path: Path, size: int) -> None:
    """A WAV that was written to a pipe claims nothing, and lasts as long as what it holds."""
    path = wav(tmp_path / "a", 5.0, claims=size)
    assert (await inspector.inspect(path)).duration_seconds == 5.0


async def test_header_that_claims_too_little(inspector: AudioInspector, tmp_path: Path) -> None:
    """A WAV that claims less than it holds is refused: another decoder may read the rest."""
    path = wav(tmp_path / "a", 60.0, claims=4.0)
    with pytest.raises(InvalidAudio, match=r"claims 4 s where 60\.0 s are"):
        await inspector.inspect(path)


async def test_second_piece_of_sound(inspector: AudioInspector, tmp_path: Path) -> None:
    """Sound in a second chunk counts as sound that the header hides."""
    more = tone(16_000, 30)
    path = wav(tmp_path / "a", 5.0, after=struct.pack("<4sI", b"data", len(more)) + more)
    with pytest.raises(InvalidAudio, match="header is wrong"):
        await inspector.inspect(path)


async def test_notes_behind_the_sound(inspector: AudioInspector, tmp_path: Path) -> None:
    """Chunks of other data behind the sound, however long, are no lie."""
    notes = struct.pack("<4sI", b"LIST", 1_000_001) + bytes(1_000_002)
    path = wav(tmp_path / "a", 5.0, after=notes)
    assert (await inspector.inspect(path)).duration_seconds == 5.0


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "flac", "ogg", "webm"])
async def test_copy(inspector: AudioInspector, tmp_path: Path, kind: str) -> None:
    """A copy for a provider is mono, 16 bit and 16 kHz, and as long as the original."""
    source = write_audio(tmp_path / "a", kind, seconds=5)
    target = tmp_path / "copy"
    await inspector.to_16k_wav(source, target)
    copy = await inspector.inspect(target)
    assert (copy.format, copy.sample_rate, copy.channels) == ("wav", 16_000, 1)
    original = await inspector.inspect(source)
    assert copy.duration_seconds == pytest.approx(original.duration_seconds, abs=0.01)
    assert target.stat().st_size == pytest.approx(32_000 * copy.duration_seconds, abs=200)


async def test_copy_to_a_full_disk(inspector: AudioInspector, tmp_path: Path) -> None:
    """A disk that is full is a lack of room here, and no fault of the file."""
    source = write_audio(tmp_path / "speech.wav", "wav", seconds=20)
    with pytest.raises(Capacity):
        await inspector.to_16k_wav(source, Path("/dev/full"))


async def test_copy_of_no_audio(inspector: AudioInspector, tmp_path: Path) -> None:
    """What cannot be read cannot be copied."""
    (tmp_path / "a").write_text("Dear diary")
    with pytest.raises(UnsupportedAudio):
        await inspector.to_16k_wav(tmp_path / "a", tmp_path / "copy")


class Stuck:
    """A file that can be opened and never read to its end: a pipe into which nobody writes more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDWR)
        os.write(self._end, b"x")

    async def is_read(self) -> None:
        """Wait until a worker has begun to read it."""
        waiting = array.array("i", [0])

        def empty() -> bool:
            fcntl.ioctl(self._end, termios.FIONREAD, waiting)
            return waiting[0] == 0

        await until(empty)

    def close(self) -> None:
        """Let its readers see its end."""
        os.close(self._end)


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Stuck]:
    """A file that keeps a worker busy."""
    file = Stuck(tmp_path / "stuck")
    yield file
    file.close()


def workers() -> list[psutil.Process]:
    """The worker processes of this process."""
    return [
        child
        for child in psutil.Process().children()
        if "transcription.audio.worker" in child.cmdline()
    ]


async def test_hanging_decoder(stuck: Stuck, tmp_path: Path) -> None:
    """A decoder that hangs costs its request alone, and is ended."""
    before = set(workers())
    async with AudioInspector(LIMITS, timeout_seconds=0.3) as inspector:
        with pytest.raises(InvalidAudio, match="too long to read"):
            await inspector.to_16k_wav(stuck.path, tmp_path / "copy")
        assert set(workers()) == before
    async with AudioInspector(LIMITS, timeout_seconds=15) as inspector:
        assert (await inspector.inspect(write_audio(tmp_path / "a"))).duration_seconds == 5.0


async def test_crashing_decoder(stuck: Stuck, tmp_path: Path) -> None:
    """A decoder that crashes costs its request alone; the next one gets a new process."""
    before = set(workers())
    async with AudioInspector(LIMITS) as inspector:
        [worker] = set(workers()) - before
        request = asyncio.create_task(inspector.to_16k_wav(stuck.path, tmp_path / "copy"))
        await stuck.is_read()
        worker.send_signal(signal.SIGSEGV)
        with pytest.raises(InvalidAudio, match="damaged"):
            await request
        assert (await inspector.inspect(write_audio(tmp_path / "a"))).duration_seconds == 5.0


async def test_worker_lost_while_idle(tmp_path: Path) -> None:
    """A process that was ended between two requests costs neither of them."""
    before = set(workers())
    async with AudioInspector(LIMITS) as inspector:
        [worker] = set(workers()) - before
        worker.kill()
        await until(lambda: not psutil.pid_exists(worker.pid))
        await asyncio.sleep(0.05)
        assert (await inspector.inspect(write_audio(tmp_path / "a"))).duration_seconds == 5.0


async def test_cancelled_request(stuck: Stuck, tmp_path: Path) -> None:
    """The answer to a request that was given up is not taken for that of the next one."""
    async with AudioInspector(LIMITS) as inspector:
        request = asyncio.create_task(inspector.to_16k_wav(stuck.path, tmp_path / "copy"))
        await stuck.is_read()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert (await inspector.inspect(write_audio(tmp_path / "a"))).duration_seconds == 5.0


async def test_waiting_for_a_worker(stuck: Stuck, tmp_path: Path) -> None:
    """While all workers are busy a file waits, and not for ever."""
    async with AudioInspector(LIMITS, queue_seconds=0.2) as inspector:
        request = asyncio.create_task(inspector.to_16k_wav(stuck.path, tmp_path / "copy"))
        await stuck.is_read()
        with pytest.raises(Capacity):
            await inspector.inspect(write_audio(tmp_path / "a"))
        request.cancel()
        await asyncio.wait({request})


async def test_one_owners_files_do_not_keep_the_others_waiting(
    stuck: Stuck, tmp_path: Path
) -> None:
    """One owner's files take half of the workers, however many there are; the rest is free."""
    async with AudioInspector(LIMITS, workers=2, queue_seconds=0.5) as inspector:
        first, second = (
            asyncio.create_task(inspector.to_16k_wav(stuck.path, tmp_path / name, owner="ada"))
            for name in ("a", "b")
        )
        await stuck.is_read()
        file = write_audio(tmp_path / "mine")
        assert (await inspector.inspect(file, owner="bob")).duration_seconds == 5.0
        with pytest.raises(Capacity):
            await second
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await inspector.inspect(file, owner="ada")).duration_seconds == 5.0


async def test_many_at_once(tmp_path: Path) -> None:
    """Files that come at once are each answered with their own figures."""
    paths = [write_audio(tmp_path / str(n), "flac", seconds=3 + n / 4) for n in range(12)]
    async with AudioInspector(LIMITS, workers=2) as inspector:
        found = await asyncio.gather(*(inspector.inspect(path) for path in paths))
    assert [info.duration_seconds for info in found] == [3 + n / 4 for n in range(12)]


async def test_nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes know no key, and none outlives its inspector."""
    monkeypatch.setenv("MISTRAL_API_KEY", "not-for-strangers")
    before = set(workers())
    async with AudioInspector(LIMITS, workers=2):
        started = set(workers()) - before
        assert len(started) == 2
        assert all("MISTRAL_API_KEY" not in worker.environ() for worker in started)
    assert set(workers()) == before


async def test_codes(inspector: AudioInspector, tmp_path: Path) -> None:
    """Each fault carries its code, and a message for a person."""
    empty, text = tmp_path / "empty", tmp_path / "text"
    empty.touch()
    text.write_text("Dear diary")
    codes = []
    for path in (empty, text):
        with pytest.raises(TranscriptionError) as caught:
            await inspector.inspect(path)
        codes.append(caught.value.code)
        assert str(tmp_path) not in caught.value.message
    assert codes == ["invalid_audio", "unsupported_audio"]
