"""Files that are larger than a provider takes."""

from pathlib import Path

import httpx
import pytest

from tests.audio_files import write_audio
from tests.edge_functions.world import PATH, World, events, problem
from tests.local_stack.world import Person
from tests.wires import MISTRAL, VLLM, Wire
from transcription.audio.inspection import AudioInspector, AudioLimits
from transcription.providers.vllm import models

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAKES_LESS = pytest.mark.parametrize("wire", [VLLM], ids=str)
SECONDS = 275.0
"""Of 48 kHz, mono, 16 bit: 26.4 MB."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording of more than 25 MB."""
    path = tmp_path_factory.mktemp("large") / "take.wav"
    content = write_audio(path, "wav", seconds=SECONDS, rate=48_000).read_bytes()
    assert len(content) > models.MAX_FILE_BYTES
    return content


@TAKES_LESS
@pytest.mark.parametrize("stream", [False, True])
async def test_a_large_file_is_sent_as_a_copy(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    large: bytes,
    tmp_path: Path,
    stream: bool,
) -> None:
    """A provider that takes less is sent the same sound at 16 kHz, and no copy is left."""
    headers = {"Accept": "text/event-stream"} if stream else {}
    response = await http.post(PATH, files={"audio": large}, headers=headers)
    assert response.status_code == 200, response.text
    told = events(response.text)[-1] if stream else response.json()
    assert told["duration_seconds"] == SECONDS
    [request] = world.provider.requests
    assert (request.filename, request.content_type) == ("audio.wav", "audio/wav")
    sent = tmp_path / "sent"
    sent.write_bytes(request.data)
    async with AudioInspector(AudioLimits(3, 300, models.MAX_FILE_BYTES)) as inspector:
        info = await inspector.inspect(sent)
    assert (info.format, info.sample_rate, info.channels) == ("wav", 16_000, 1)
    assert info.duration_seconds == pytest.approx(SECONDS, abs=0.1)
    assert (await world.usage_of(ada))[0]["charged"] == SECONDS
    await world.is_clean(ada)


@pytest.mark.parametrize("wire", [MISTRAL], ids=str)
async def test_who_takes_it_is_sent_the_file(
    wire: Wire, world: World, http: httpx.AsyncClient, ada: Person, large: bytes
) -> None:
    """A provider without such a limit is sent the very bytes."""
    response = await http.post(PATH, files={"audio": large})
    assert response.status_code == 200, response.text
    assert world.provider.requests[0].data == large
    await world.is_clean(ada)


@TAKES_LESS
async def test_a_copy_that_is_too_large_as_well_is_refused(
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is too large even at 16 kHz is refused with both figures, before anything is paid."""
    monkeypatch.setattr(models, "MAX_FILE_BYTES", 100_000)
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code) == (413, "payload_too_large")
    assert "100,000" in told.detail
    assert "128,0" in told.detail
    assert world.provider.requests == []
    assert await world.usage_of(ada) == []
    await world.is_clean(ada)
