"""Bad input: each with its code, and with nothing left behind."""

import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.audio_files import tone
from tests.edge_functions.world import PATH, World, speak
from tests.local_stack.world import Person

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


def part(disposition: str, content: bytes = b"x") -> bytes:
    """Return one part of a form."""
    return b"--x\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"
