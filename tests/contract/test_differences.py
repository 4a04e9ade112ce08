"""What differs, as it is declared: each on both services, and no row without its test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from local_stack.provider import Script
from local_stack.provider.engine import Event, FileRequest
from shared_schema.account import PublicConfig
from tests.audio_files import write_audio
from tests.contract.test_bad_files import twice
from tests.contract.world import TARGETS, Target
from tests.doubles.gate import Gate
from tests.edge_functions.test_voices import clone
from tests.edge_functions.world import PATH, problem
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

Ask = tuple[Callable[[Path], Path], int | tuple[int, str], int | tuple[int, str]]


def damaged(path: Path) -> Path:
    """Garble the sound of an M4A and leave its tables whole."""
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4000
    for at in range(start, start + 30_000):
        content[at] = (at * 7919 >> 3) % 256
    path.write_bytes(content)
    return path


def followed(path: Path, noise: bytes) -> Path:
    """Write noise behind a file."""
    path.write_bytes(path.read_bytes() + noise)
    return path


FILES: dict[str, Ask] = {
    "damage inside": (
        lambda folder: damaged(write_audio(folder / "a", "m4a", seconds=8)),
        (422, "invalid_audio"),
        200,
    ),
    "chained WebM": (
        lambda folder: twice(write_audio(folder / "a", "webm")),
        200,
        (415, "unsupported_audio"),
    ),
    "noise in MP3": (
        lambda folder: followed(write_audio(folder / "a", "mp3"), bytes(range(1, 200)) * 1000),
        200,
        (422, "invalid_audio"),
    ),
}


@pytest.mark.parametrize("name", FILES)
async def test_files_that_are_told_differently(
    target: Target, http: httpx.AsyncClient, ada: Person, tmp_path: Path, name: str
) -> None:
    """A file of a declared difference is answered as it is declared, and leaves nothing."""
    make, fastapi, deno = FILES[name]
    expected = fastapi if target.name == "fastapi" else deno
    response = await http.post(PATH, files={"audio": make(tmp_path).read_bytes()})
    if isinstance(expected, tuple):
        told = problem(response)
        assert (told.status, told.code) == expected
        assert target.provider.requests == []
    else:
        assert response.status_code == expected, response.text
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("kind", ["mp3", "m4a", "ogg", "webm"])
async def test_padding_counts(
    target: Target, http: httpx.AsyncClient, tmp_path: Path, kind: str
) -> None:
    """Packets are whole, so that their sum is never less than the sound and hardly more."""
    content = write_audio(tmp_path / "a", kind, seconds=4).read_bytes()
    told = (await http.post(PATH, files={"audio": content})).json()["duration_seconds"]
    assert abs(told - 4) <= 0.1
    if target.name == "deno":
        assert told >= 4


@pytest.mark.parametrize("name", TARGETS)
async def test_several_large_files(
    patient: Mapping[str, Target], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that do not fit into memory together are refused, to come again; a disk takes them."""
    target = patient[name]
    target.engine.script = Script(text="one")
    target.provider.requests.clear()
    gate, transcribe = Gate(), target.engine.transcribe

    async def held(request: FileRequest) -> AsyncIterator[Event]:
        await gate.passed()
        async for event in transcribe(request):
            yield event

    monkeypatch.setattr(target.engine, "transcribe", held)
    content = write_audio(tmp_path / "a", "wav", seconds=180, codec="pcm_s32le").read_bytes()
    ada = await target.stack.person(f"{uuid4()}@example.com")
    async with target.signed_in(ada) as http:
        http.timeout = httpx.Timeout(60)
        gate.close()
        first = asyncio.create_task(http.post(PATH, files={"audio": content}))
        await asyncio.wait_for(gate.reached.wait(), 60)
        second = asyncio.create_task(http.post(PATH, files={"audio": content}))
        if name == "fastapi":
            await until(lambda: len(target.provider.requests) == 2, seconds=60)
        else:
            told = problem(await second)
            assert (told.status, told.code, told.retryable) == (503, "capacity", True)
            assert told.retry_after == 5
        gate.open()
        assert (await first).status_code == 200
        if name == "fastapi":
            assert (await second).status_code == 200
        else:
            assert (await http.post(PATH, files={"audio": content})).status_code == 200
    await target.has_nothing_of(ada)


async def test_there_are_no_live_words(target: Target) -> None:
    """Without an address of a bridge, only the service with a bridge beside it names one."""
    config = PublicConfig.model_validate((await target.http.get("/api/config")).json())
    if target.name == "fastapi":
        assert (config.realtime_enabled, config.realtime_url) == (
            True,
            "/api/transcriptions/realtime",
        )
    else:
        assert (config.realtime_enabled, config.realtime_url) == (False, None)
    kinds = {model.kind for model in config.models}
    assert kinds == ({"batch", "realtime"} if target.name == "fastapi" else {"batch"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/openapi.json"])
async def test_only_the_contract(target: Target, http: httpx.AsyncClient, path: str) -> None:
    """What is no part of the contract is served by the Python service alone."""
    response = await http.get(path)
    if target.name == "fastapi":
        assert response.status_code == 200
    else:
        assert problem(response).code == "not_found"


async def test_voice_is_known_where_sound_is_decoded(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """A service that decodes tells of words where there is no voice; a steady tone is none."""
    fields = {"check_text": "one two three", "timestamps": "word"}
    answer = await http.post(PATH, data=fields, files={"audio": speech})
    kinds = [one["kind"] for one in answer.json()["match"]["coverage"]]
    assert kinds == (["no_voice"] if target.name == "fastapi" else ["too_slow"])


async def test_bundles(target: Target, http: httpx.AsyncClient, speech: bytes) -> None:
    """A service that makes no bundles says so before anybody asks for one."""
    offered = (await target.http.get("/api/config")).json()["bundles"]
    assert offered is (target.name == "fastapi")
    response = await http.get(f"/api/voices/{await clone(http, speech)}/bundle")
    if offered:
        assert response.headers["content-type"] == "application/zip"
    else:
        assert problem(response).code == "not_found"
