"""Bad input: each with its code, and with nothing left behind."""

import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.audio_files import tone, write_audio, write_video
from tests.edge_functions.world import PATH, World, half_an_upload, problem, speak, wav
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1024 * 1024


def lying_wav(folder: Path, seconds: float, claimed: float) -> Path:
    """Write a WAV whose header claims other seconds than it holds."""
    sound, size = tone(16_000, seconds), int(claimed * 32_000)
    header = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16
    )
    path = folder / "lie.wav"
    path.write_bytes(header + struct.pack("<4sI", b"data", size) + sound)
    return path


def cut(path: Path, share: float) -> Path:
    """Cut a file short."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def text(folder: Path) -> Path:
    """Write a text that claims to be sound."""
    path = folder / "speech.wav"
    path.write_text("Dear diary, " * 4000)
    return path


def empty(folder: Path) -> Path:
    """Write nothing."""
    path = folder / "speech.wav"
    path.touch()
    return path


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (empty, 422, "invalid_audio"),
        (text, 415, "unsupported_audio"),
        (lambda folder: wav(folder, 2.9), 422, "invalid_audio"),
        (lambda folder: wav(folder, 301), 422, "invalid_audio"),
        (lambda folder: write_video(folder / "film.mp4"), 415, "unsupported_audio"),
        (lambda folder: cut(write_audio(folder / "a", "mp3"), 0.5), 422, "invalid_audio"),
        (lambda folder: cut(write_audio(folder / "a", "m4a"), 0.5), 422, "invalid_audio"),
        (lambda folder: lying_wav(folder, 5, 3.5), 422, "invalid_audio"),
        (lambda folder: lying_wav(folder, 2, 5), 422, "invalid_audio"),
    ],
    ids=[
        "empty",
        "text named .wav",
        "2.9 s",
        "301 s",
        "video",
        "truncated MP3",
        "truncated M4A",
        "header claims less",
        "header claims more",
    ],
)
async def test_bad_files_are_refused(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    tmp_path: Path,
    make: Callable[[Path], Path],
    status: int,
    code: str,
) -> None:
    """A file that cannot be used has its code; nothing is reserved, sent or kept."""
    content = make(tmp_path).read_bytes()
    told = problem(await http.post(PATH, files={"audio": ("speech.wav", content)}))
    assert (told.status, told.code) == (status, code)
    assert not told.retryable
    assert world.provider.requests == []
    assert await world.usage_of(ada) == []
    await world.is_clean(ada)


async def test_a_header_that_claims_more_is_measured(
    world: World, http: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    """What a header claims too much is not charged: what was there is."""
    content = lying_wav(tmp_path, 4, 200).read_bytes()
    response = await http.post(PATH, files={"audio": content})
    assert response.json()["duration_seconds"] == 4.0
    assert (await world.usage_of(ada))[0]["charged"] == 4.0


async def test_an_index_at_the_end_is_no_fault(
    world: World, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """An M4A whose `moov` trails, as phones write it, is taken."""
    content = write_audio(tmp_path / "a", "m4a").read_bytes()
    assert content.index(b"moov") > content.index(b"mdat")
    assert (await http.post(PATH, files={"audio": content})).status_code == 200


@pytest.mark.parametrize("length", [52_428_801, 60_000_000])
async def test_a_file_above_the_limit_is_refused(
    world: World, http: httpx.AsyncClient, ada: Person, length: int
) -> None:
    """50 MiB and one byte are too much."""
    told = problem(await http.post(PATH, files={"audio": bytes(length)}))
    assert (told.status, told.code) == (413, "payload_too_large")
    await world.is_clean(ada)


async def test_a_large_body_is_refused_at_the_limit(world: World, ada: Person) -> None:
    """The answer comes when the limit is reached, though the body never ends."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        part = b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\n'
        yield b"%x\r\n%b\r\n" % (len(part), part)
        piece = b"%x\r\n%b\r\n" % (MIB, bytes(MIB))
        for _ in range(200):
            taken += MIB
            yield piece

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Transfer-Encoding": "chunked"}
    answer, sent = await speak(world.port, await ada.token(), PATH, headers=headers, body=endless())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"payload_too_large" in answer
    # The limit is 50 MiB; what is in the sockets' buffers counts as sent.
    assert 50 * MIB <= sent < 70 * MIB
    await world.is_clean(ada)


async def test_a_body_that_says_it_is_too_large_is_not_read(world: World, ada: Person) -> None:
    """A `Content-Length` above the limit is refused before the body is asked for."""

    async def nothing() -> AsyncIterator[bytes]:
        return
        yield b""

    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(60_000_000),
        "Expect": "100-continue",
    }
    answer, _ = await speak(world.port, await ada.token(), PATH, headers=headers, body=nothing())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
    await world.is_clean(ada)


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(world: World, ada: Person) -> None:
    """Half an upload is removed when its sender is gone."""
    writer = await half_an_upload(world.port, await ada.token(), PATH)
    await until(lambda: len(world.files()) == 1)
    writer.transport.abort()
    await world.is_clean(ada)
    assert world.provider.requests == []


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "multipart/form-data; boundary=x", "invalid_message"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", "invalid_message"),
        (b"what", "multipart/form-data; boundary=x", "invalid_message"),
        (b"--x--\r\n", "multipart/form-data", "invalid_message"),
        (b"--x\r\n\r\nwhat\r\n--x--\r\n", "multipart/form-data; boundary=x", "invalid_message"),
        (b"RIFF....WAVE", "audio/wav", "invalid_message"),
        (b"a=1", "application/x-www-form-urlencoded", "invalid_message"),
        (b"{}", "", "invalid_message"),
        (b"{}", "application/json", "invalid_message"),
        (b"[]", "application/json", "invalid_message"),
        (b"{", "application/json", "invalid_message"),
        (b'{"storage_path": 7}', "application/json", "invalid_message"),
        (b'{"storage_path": "a/b/c", "x": 1}', "application/json", "invalid_message"),
        (b'{"storage_path": "' + b"x" * 70_000 + b'"}', "application/json", "payload_too_large"),
        (b"\xff\xfe", "application/json", "invalid_message"),
        (b'{"storage_path": "\\ud800aa"}', "application/json", "invalid_message"),
    ],
)
async def test_malformed_bodies_are_refused(
    *, world: World, http: httpx.AsyncClient, ada: Person, body: bytes, content_type: str, code: str
) -> None:
    """What is no form with a file and no JSON with a path is refused, whatever it is."""
    headers = {"Content-Type": content_type} if content_type else {}
    told = problem(await http.post(PATH, content=body, headers=headers))
    assert told.code == code
    await world.is_clean(ada)


def part(disposition: str, content: bytes = b"x") -> bytes:
    """Return one part of a form."""
    return b"--x\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([part('form-data; name="audio"; filename="a"')] * 2, "invalid_message"),
        ([part('form-data; name="other"; filename="a"')], "invalid_message"),
        ([part('form-data; filename="a"')], "invalid_message"),
        ([part("attachment")], "invalid_message"),
        ([part('form-data; name="language"', b"\xff")], "invalid_message"),
        ([part('form-data; name="language"', b"x" * 200_000)], "payload_too_large"),
        ([part(f'form-data; name="f{n}"', b"x" * 100_000) for n in range(6)], "payload_too_large"),
        ([part(f'form-data; name="f{n}"') for n in range(300)], "invalid_message"),
        ([part('form-data; name="language"')], "invalid_message"),
    ],
    ids=[
        "two files",
        "file in another field",
        "no name",
        "no form-data",
        "no UTF-8",
        "large field",
        "large fields",
        "many fields",
        "no file",
    ],
)
async def test_odd_forms_are_refused(
    world: World, http: httpx.AsyncClient, ada: Person, parts: list[bytes], code: str
) -> None:
    """A form holds one file, in its field, and a few short fields."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    body = b"".join(parts) + b"--x--\r\n"
    told = problem(await http.post(PATH, content=body, headers=headers))
    assert told.code == code
    await world.is_clean(ada)


async def test_a_form_cut_short_is_refused(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A form without its end is not taken for a whole one, though its file could be read."""
    body = part('form-data; name="audio"; filename="a.wav"', speech)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    told = problem(await http.post(PATH, content=body, headers=headers))
    assert told.code == "invalid_message"
    assert world.provider.requests == []
    await world.is_clean(ada)


async def test_paths_that_are_not_ones_own(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """Another's recording, a way out of the folder and an address are refused unread."""
    await bob.files.upload(bob.take("one.wav"), speech, {"content-type": "audio/wav"})
    for path, code in (
        (bob.take("one.wav"), "forbidden"),
        (f"{ada.id}/takes/../../{bob.id}/takes/one.wav", "forbidden"),
        (f"{ada.id}/../{bob.id}/takes/one.wav", "forbidden"),
        (f"{ada.id}/takes/%2e%2e/one.wav", "not_found"),
        (f"/{ada.id}/takes/one.wav", "forbidden"),
        ("http://127.0.0.1/one.wav", "forbidden"),
        (f"https://evil.test/{ada.id}/takes/one.wav", "forbidden"),
        (f"{ada.id}/takes/one.wav?token=x", "not_found"),
        (f"{ada.id}/takes", "not_found"),
        (f"{ada.id}", "not_found"),
        (ada.take("never.wav"), "not_found"),
        (f"{ada.id}/voices/never.wav", "not_found"),
    ):
        told = problem(await http.post(PATH, json={"storage_path": path}))
        assert told.code == code, path
        assert bob.id not in told.detail
    assert world.provider.requests == []
    await world.is_clean(ada)
    await bob.files.remove([bob.take("one.wav")])


async def test_a_stored_take_is_inspected_like_any_file(
    world: World, http: httpx.AsyncClient, ada: Person
) -> None:
    """A take that is no sound is refused, though storage took it."""
    path = ada.take("text.wav")
    await ada.files.upload(path, b"Dear diary" * 100, {"content-type": "audio/wav"})
    told = problem(await http.post(PATH, json={"storage_path": path}))
    assert told.code == "unsupported_audio"
    await world.is_clean(ada, objects=[path])
