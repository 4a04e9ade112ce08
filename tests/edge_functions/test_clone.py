"""`POST /api/clone`: a recording and its transcript become a voice, whole or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from tests.audio_files import write_audio
from tests.edge_functions.world import World, half_an_upload, problem, wav
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/clone"
FIELDS = {"name": "Ada", "transcript": "The words that are spoken.", "language": "English"}


async def test_a_recording_becomes_a_voice(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The row names the recording, the recording has the bytes that were sent, and both stay."""
    fields = {
        **FIELDS,
        "transcript": "  The words that are spoken.\n",
        "transcript_source": "edited",
        "machine_transcript": "the words that were spoken",
        "consent": "true",
    }
    response = await http.post(PATH, data=fields, files={"audio": ("../../x.exe", speech)})
    assert response.status_code == 201, response.text
    voice = response.json()
    assert set(voice) == {"voice_id", "name", "language", "duration_seconds", "created_at"}
    assert (voice["name"], voice["language"], voice["duration_seconds"]) == ("Ada", "en", 4.0)
    [row] = await world.voices_of(ada)
    assert (str(row["id"]), row["status"]) == (voice["voice_id"], "ready")
    assert (row["transcript"], row["consent"]) == ("The words that are spoken.", True)
    assert row["machine_transcript"] == "the words that were spoken"
    assert await world.objects_of(ada) == [f"{ada.id}/voices/{row['id']}.wav"]
    assert await ada.files.download(row["storage_path"]) == speech
    assert world.files() == []
    assert await world.usage_of(ada) == []


async def test_a_take_becomes_a_voice(
    world: World, http: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    """A take that is in storage is inspected and stored as it is, under the voice's name."""
    content = write_audio(tmp_path / "a", "webm", seconds=4).read_bytes()
    await ada.files.upload(ada.take("one.webm"), content, {"content-type": "audio/webm"})
    response = await http.post(PATH, data={**FIELDS, "storage_path": ada.take("one.webm")})
    assert response.status_code == 422, response.text  # no multipart: httpx sends a plain form
    parts = {name: (None, value) for name, value in FIELDS.items()}
    parts["storage_path"] = (None, ada.take("one.webm"))
    response = await http.post(PATH, files=parts)
    assert response.status_code == 201, response.text
    [row] = await world.voices_of(ada)
    assert (row["mime_type"], row["transcript_source"]) == ("audio/webm", "typed")
    assert await ada.files.download(row["storage_path"]) == content


async def test_the_same_key_makes_one_voice(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A request that is sent again gets the voice that it made."""
    key = {"Idempotency-Key": "one-voice"}
    answers = [
        await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await world.voices_of(ada)) == 1
    told = problem(
        await http.post(PATH, data={**FIELDS, "name": "Eve"}, files={"audio": speech}, headers=key)
    )
    assert told.code == "invalid_message"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": None}, "invalid_message"),
        ({"name": "   "}, "invalid_message"),
        ({"name": "x" * 101}, "invalid_message"),
        ({"transcript": None}, "invalid_message"),
        ({"transcript": "too short"}, "invalid_message"),
        ({"transcript": " too short \n\t "}, "invalid_message"),
        ({"transcript": "x" * 20_001}, "invalid_message"),
        ({"language": None}, "invalid_message"),
        ({"language": "Klingon"}, "invalid_message"),
        ({"transcript_source": "rumour"}, "invalid_message"),
        ({"consent": "perhaps"}, "invalid_message"),
        ({"user_id": "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"}, "invalid_message"),
        ({"storage_path": "x/takes/a.wav"}, "invalid_message"),
    ],
)
async def test_fields_are_checked(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    change: dict[str, str | None],
    code: str,
) -> None:
    """A field that is missing, wrong or unknown is refused, and nothing is stored."""
    fields = {name: one for name, one in {**FIELDS, **change}.items() if one is not None}
    told = problem(await http.post(PATH, data=fields, files={"audio": speech}))
    assert told.code == code
    [field] = change
    assert field in told.detail
    await world.is_clean(ada)


async def test_the_recording_is_checked(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person, tmp_path: Path
) -> None:
    """A recording that is missing, too short, no sound or another's makes no voice."""
    forms: list[tuple[dict[str, Any], str]] = [
        ({name: (None, value) for name, value in FIELDS.items()}, "invalid_message"),
        ({"audio": wav(tmp_path, 2).read_bytes()}, "invalid_audio"),
        ({"audio": b"Dear diary"}, "unsupported_audio"),
        ({"storage_path": (None, bob.take("one.wav"))}, "forbidden"),
        ({"storage_path": (None, ada.take("never.wav"))}, "not_found"),
    ]
    for files, code in forms:
        data = {} if code == "invalid_message" else FIELDS
        assert problem(await http.post(PATH, data=data, files=files)).code == code
    await world.is_clean(ada)


@asynccontextmanager
async def broken(world: World, method: str, path: str, **mock: Any) -> AsyncIterator[None]:
    """Break one kind of call to Supabase."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        router.request(method, url__startswith=f"{world.stack.supabase.url}{path}").mock(**mock)
        router.route(url__startswith=world.stack.supabase.url).pass_through()
        yield


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rest/v1/voices"),
        ("POST", "/storage/v1/object/reference-audio/"),
        ("PATCH", "/rest/v1/voices"),
    ],
    ids=["row", "recording", "ready"],
)
@pytest.mark.parametrize(
    "mock",
    [
        {"side_effect": httpx.ReadTimeout("slow")},
        {"return_value": httpx.Response(503, text="<html>upstream</html>")},
        {"return_value": httpx.Response(500, json={"message": "secret", "code": "XX000"})},
    ],
    ids=["timeout", "503", "500"],
)
async def test_a_failure_on_the_way_leaves_nothing(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    method: str,
    path: str,
    mock: dict[str, Any],
) -> None:
    """Whichever step fails, neither row nor recording stays, and the key is free again."""
    key = {"Idempotency-Key": "again"}
    async with broken(world, method, path, **mock):
        response = await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key)
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (503, "ledger_unavailable", True)
    assert "secret" not in response.text
    await world.is_clean(ada)
    again = await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key)
    assert again.status_code == 201, again.text


async def test_what_cannot_be_undone_is_left_to_the_sweeper(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A voice that could not be finished nor removed stays pending, where nobody sees it."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        url = world.stack.supabase.url
        router.route(method="POST", url__startswith=f"{url}/rest/v1/voices").pass_through()
        router.route(url__startswith=f"{url}/rest/v1/voices").respond(503)
        router.route(url__startswith=url).pass_through()
        response = await http.post(PATH, data=FIELDS, files={"audio": speech})
    assert problem(response).retryable
    [row] = await world.voices_of(ada)
    assert row["status"] == "pending"
    assert (await http.get("/api/voices")).json() == {"voices": []}
    assert problem(await http.get(f"/api/voices/{row['id']}")).code == "not_found"


async def test_an_account_that_is_gone_makes_no_voice(world: World, speech: bytes) -> None:
    """A token outlives its account; what it asks for does not."""
    gone = await world.stack.person("gone@example.com")
    async with world.signed_in(gone) as client:
        await world.stack.execute("delete from auth.users where id = %s", gone.id)
        told = problem(await client.post(PATH, data=FIELDS, files={"audio": speech}))
    assert told.code == "unauthenticated"
    await world.is_clean(gone)


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(world: World, ada: Person) -> None:
    """Half an upload is removed when its sender is gone."""
    writer = await half_an_upload(world.port, await ada.token(), PATH)
    await until(lambda: len(world.files()) == 1)
    writer.transport.abort()
    await world.is_clean(ada)
