"""Files that cannot be used: each with its code, and with nothing left behind."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from local_stack.provider import Script
from tests.audio_files import write_audio, write_video
from tests.contract.world import TARGETS, Target
from tests.edge_functions.test_bad_input import MIB, cut, empty, lying_wav, text
from tests.edge_functions.world import PATH, problem, speak, wav
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


def twice(path: Path, between: bytes = b"") -> Path:
    """Write a file behind itself."""
    content = path.read_bytes()
    path.write_bytes(content + between + content)
    return path


def prefixed(magic: bytes) -> Callable[[Path], Path]:
    """Return what writes noise behind the first bytes of a format."""

    def write(folder: Path) -> Path:
        path = folder / "noise"
        path.write_bytes(magic + bytes(range(256)) * 200)
        return path

    return write


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (empty, 422, "invalid_audio"),
        (text, 415, "unsupported_audio"),
        (prefixed(b"\x89PNG\r\n\x1a\n"), 415, "unsupported_audio"),
        (prefixed(b"%PDF-1.7\n"), 415, "unsupported_audio"),
        (prefixed(b"fLaC"), 422, "invalid_audio"),
        (prefixed(b"RIFF\xff\xff\x00\x00WAVE"), 422, "invalid_audio"),
        (prefixed(b"\x1aE\xdf\xa3"), 422, "invalid_audio"),
        (lambda folder: wav(folder, 2.9), 422, "invalid_audio"),
        (lambda folder: wav(folder, 301), 422, "invalid_audio"),
        (lambda folder: wav(folder, 700), 422, "invalid_audio"),
        (
            lambda folder: write_audio(folder / "a", "mp3", seconds=301, rate=16_000),
            422,
            "invalid_audio",
        ),
        (lambda folder: write_audio(folder / "a", "webm", seconds=301), 422, "invalid_audio"),
        (lambda folder: write_video(folder / "film.mp4"), 415, "unsupported_audio"),
        (lambda folder: write_audio(folder / "a", "webm", tracks=2), 415, "unsupported_audio"),
        (lambda folder: write_audio(folder / "a", "m4a", codec="alac"), 415, "unsupported_audio"),
        (lambda folder: write_audio(folder / "a", "aiff", codec="pcm_s16be"), 415, None),
        (lambda folder: cut(write_audio(folder / "a", "mp3"), 0.5), 422, "invalid_audio"),
        (lambda folder: cut(write_audio(folder / "a", "m4a"), 0.5), 422, "invalid_audio"),
        (lambda folder: cut(write_audio(folder / "a", "flac"), 0.5), 422, "invalid_audio"),
        (lambda folder: lying_wav(folder, 5, 3.5), 422, "invalid_audio"),
        (lambda folder: lying_wav(folder, 2, 5), 422, "invalid_audio"),
    ],
    ids=[
        "empty",
        "text named .wav",
        "picture",
        "document",
        "FLAC in name only",
        "WAV in name only",
        "WebM in name only",
        "2.9 s",
        "301 s",
        "700 s",
        "MP3 of 301 s",
        "WebM of 301 s",
        "video",
        "two tracks",
        "ALAC in M4A",
        "AIFF",
        "truncated MP3",
        "truncated M4A",
        "truncated FLAC",
        "header claims less",
        "header claims more",
    ],
)
async def test_bad_files_are_refused(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    tmp_path: Path,
    make: Callable[[Path], Path],
    status: int,
    code: str | None,
) -> None:
    """A file that cannot be used has its code; nothing is reserved, sent or kept."""
    content = make(tmp_path).read_bytes()
    told = problem(await http.post(PATH, files={"audio": ("speech.wav", content)}))
    assert (told.status, told.code) == (status, code or "unsupported_audio")
    assert not told.retryable
    assert target.provider.requests == []
    assert await target.usage_of(ada) == []
    await target.has_nothing_of(ada)


async def test_a_header_that_claims_more_is_measured(
    target: Target, http: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    """What a header claims too much is not charged: what was there is."""
    content = lying_wav(tmp_path, 4, 200).read_bytes()
    response = await http.post(PATH, files={"audio": content})
    assert response.json()["duration_seconds"] == 4.0
    assert (await target.usage_of(ada))[0]["charged"] == 4.0


async def test_sound_behind_noise_is_measured_too(
    target: Target, http: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    """An MP3 that goes on behind noise is charged for all of it."""
    content = twice(write_audio(tmp_path / "a", "mp3", seconds=4), bytes(5000)).read_bytes()
    response = await http.post(PATH, files={"audio": content})
    assert response.json()["duration_seconds"] == pytest.approx(8.0, abs=0.2)
    assert (await target.usage_of(ada))[0]["charged"] == pytest.approx(8.0, abs=0.2)


async def test_a_table_that_claims_less_is_not_believed(
    target: Target, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """An M4A whose table makes each packet a quarter as long is measured by its packets."""
    content = write_audio(tmp_path / "a", "m4a", seconds=8).read_bytes()
    where = content.index(b"stts")
    entries = int.from_bytes(content[where + 8 : where + 12])
    table = bytearray(content)
    for entry in range(entries):
        at = where + 16 + 8 * entry
        table[at : at + 4] = (int.from_bytes(table[at : at + 4]) // 4).to_bytes(4)
    response = await http.post(PATH, files={"audio": bytes(table)})
    assert response.status_code == 200, response.text
    assert response.json()["duration_seconds"] == pytest.approx(8.0, abs=0.1)


async def test_an_index_at_the_end_is_no_fault(http: httpx.AsyncClient, tmp_path: Path) -> None:
    """An M4A whose `moov` trails, as phones write it, is taken."""
    content = write_audio(tmp_path / "a", "m4a").read_bytes()
    assert content.index(b"moov") > content.index(b"mdat")
    assert (await http.post(PATH, files={"audio": content})).status_code == 200


@pytest.mark.parametrize("length", [52_428_801, 60_000_000])
async def test_a_file_above_the_limit_is_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, length: int
) -> None:
    """50 MiB and one byte are too much."""
    told = problem(await http.post(PATH, files={"audio": bytes(length)}))
    assert (told.status, told.code) == (413, "payload_too_large")
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("name", TARGETS)
async def test_the_largest_file_is_taken(
    patient: Mapping[str, Target], name: str, tmp_path: Path
) -> None:
    """A file of just the greatest size reaches the provider whole."""
    target = patient[name]
    target.engine.script = Script()
    person = await target.stack.person(f"{uuid4()}@example.com")
    path = write_audio(tmp_path / "a", "wav", seconds=180, codec="pcm_s32le")
    content = path.read_bytes()
    content += b"LIST" + (52_428_800 - len(content) - 8).to_bytes(4, "little")
    content += bytes(52_428_800 - len(content))
    async with target.signed_in(person) as http:
        http.timeout = httpx.Timeout(60)
        response = await http.post(PATH, files={"audio": content})
    assert response.status_code == 200, response.text
    assert response.json()["duration_seconds"] == 180.0
    assert target.provider.requests[-1].size == 52_428_800


async def test_a_body_is_read_as_it_is(http: httpx.AsyncClient, speech: bytes) -> None:
    """A body that says it is compressed is not unpacked, whatever it would be then."""
    form = httpx.Request("POST", "http://a", files={"audio": ("a.wav", speech)})
    body, kind = form.read(), form.headers["Content-Type"]
    for encoding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        headers = {"Content-Type": kind, "Content-Encoding": encoding}
        told = problem(await http.post(PATH, content=packed, headers=headers))
        assert told.code == "invalid_message"


async def test_a_large_body_is_refused_at_the_limit(target: Target, ada: Person) -> None:
    """The answer comes when the limit is reached, though the body never ends."""

    async def endless() -> AsyncIterator[bytes]:
        part = b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
        yield b"%x\r\n%b\r\n" % (len(part), part)
        piece = b"%x\r\n%b\r\n" % (MIB, bytes(MIB))
        for number in range(400):
            if number > 55:
                await asyncio.sleep(0.2)  # for the answer, on a machine that is busy
            yield piece

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Transfer-Encoding": "chunked"}
    token, wanted = await ada.token(), b"payload_too_large"
    answer, sent = await speak(
        target.port, token, PATH, headers=headers, body=endless(), until=wanted
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert wanted in answer
    # The limit is 50 MiB; what is in the sockets' buffers counts as sent.
    assert 50 * MIB <= sent < 70 * MIB
    await target.has_nothing_of(ada)
