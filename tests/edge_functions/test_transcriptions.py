"""`POST /api/transcriptions`, over real sockets and a real Postgres."""

from pathlib import Path

import httpx
import pytest

from tests.audio_files import write_audio
from tests.edge_functions.world import PATH, World, problem
from tests.local_stack.world import Person
from tests.wires import Wire, over_every_wire

pytestmark = pytest.mark.asyncio(loop_scope="session")


@over_every_wire
async def test_a_file_becomes_its_transcript(
    wire: Wire, world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A file is answered with its text, charged for its length, and leaves nothing behind."""
    response = await http.post(PATH, files={"audio": ("take.wav", speech)})
    assert response.status_code == 200, response.text
    assert response.json() == {
        "text": "one two three",
        "model": wire.file_model,
        "duration_seconds": 4.0,
        "request_id": response.headers["x-request-id"],
        "receipt": response.json()["receipt"],
    }
    [request] = world.provider.requests
    assert request.data == speech
    [row] = await world.usage_of(ada)
    assert (row["status"], row["kind"], row["charged"]) == ("complete", "batch", 4.0)
    assert row["cost_microdollars"] == wire.file_cost
    await world.is_clean(ada)


@over_every_wire
@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "flac", "ogg", "webm"])
async def test_every_accepted_format_is_taken(
    world: World, http: httpx.AsyncClient, tmp_path: Path, kind: str
) -> None:
    """A file is told by its content, whatever name and type come with it."""
    path = write_audio(tmp_path / "file", kind, seconds=4)
    response = await http.post(PATH, files={"audio": ("x.txt", path.read_bytes(), "text/plain")})
    assert response.status_code == 200, response.text
    assert response.json()["duration_seconds"] == pytest.approx(4.0, abs=0.1)
    [request] = world.provider.requests
    assert request.data == path.read_bytes()


@over_every_wire
async def test_a_stored_take_becomes_its_transcript(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A take is fetched with the caller's token; the provider gets bytes and no address."""
    await ada.files.upload(ada.take("one.wav"), speech, {"content-type": "audio/wav"})
    body = {"storage_path": ada.take("one.wav"), "language": "en"}
    response = await http.post(PATH, json=body)
    assert response.status_code == 200, response.text
    assert response.json()["text"] == "one two three"
    [request] = world.provider.requests
    assert request.data == speech
    assert not {"file_url", "file_id"} & {name for name, _ in request.fields}
    await world.is_clean(ada, objects=[ada.take("one.wav")])


@over_every_wire
async def test_minutes_that_are_used_up_are_refused(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A file longer than what is left of the day is refused before it reaches the provider."""
    await world.stack.execute(
        "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'batch', 7)", ada.id
    )
    assert (await http.post(PATH, files={"audio": speech})).status_code == 200
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code, told.retryable) == (429, "quota_exceeded", False)
    assert told.retry_after is not None
    assert len(world.provider.requests) == 1
    await world.is_clean(ada)
