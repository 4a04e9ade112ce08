"""`POST /api/transcriptions`, over real sockets and a real Postgres."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.provider import Script
from tests.audio_files import write_audio
from tests.edge_functions.world import PATH, World, problem
from tests.local_stack.world import Person
from tests.wires import Wire, over_all_wires

pytestmark = pytest.mark.asyncio(loop_scope="session")


@over_all_wires
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
    }
    [request] = world.provider.requests
    assert request.data == speech
    [row] = await world.usage_of(ada)
    assert (row["status"], row["kind"], row["charged"]) == ("complete", "batch", 4.0)
    assert row["cost_microdollars"] == wire.file_cost
    await world.is_clean(ada)


@over_all_wires
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


async def test_options_reach_the_provider(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """Language names become codes, bias terms come in either spelling, words get their times."""
    for fields in (
        {"language": "German", "context_bias": ["Acme", "Utter"]},
        {"language": "de-AT", "context_bias[]": ["Acme", " Utter ", ""]},
    ):
        response = await http.post(PATH, data=fields, files={"audio": speech})
        assert response.status_code == 200, response.text
        assert response.json()["language"] == "de"
        sent = world.provider.requests[-1].fields
        assert [value for name, value in sent if name == "context_bias"] == ["Acme", "Utter"]
        assert ("language", "de") in sent
    response = await http.post(PATH, data={"timestamps": "word"}, files={"audio": speech})
    assert response.json()["words"][1] == {"text": "two", "start": 0.4, "end": 0.8}
    assert "segments" not in response.json()


async def test_what_cannot_be_combined_is_told(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """Timestamps win over the language, speakers are told by segment, phrases are split."""
    fields = {
        "language": "de",
        "timestamps": "segment",
        "diarize": "true",
        "context_bias": "two words",
    }
    response = await http.post(PATH, data=fields, files={"audio": speech})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert len(answer["warnings"]) == 2
    assert answer["segments"] == [
        {"text": "one two three", "start": 0.0, "end": 1.2, "speaker": "speaker_1"}
    ]
    sent = world.provider.requests[-1].fields
    assert "language" not in dict(sent)
    assert [value for name, value in sent if name == "context_bias"] == ["two", "words"]


async def test_auto_lets_the_provider_detect(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """With `Auto` no language is sent, and the one that was heard is answered."""
    world.engine.script = Script(text="eins", language="de")
    response = await http.post(PATH, data={"language": "Auto"}, files={"audio": speech})
    assert response.json()["language"] == "de"
    assert "language" not in dict(world.provider.requests[-1].fields)


@over_all_wires
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


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"model": "gpt-something"}, 404, "not_found"),
        ({"model": "voxtral-mini-transcribe-3"}, 404, "not_found"),
        ({"model": ""}, 200, None),
        ({"language": "Klingon"}, 422, "invalid_message"),
        ({"language": "fi"}, 422, "invalid_message"),
        ({"timestamps": "letter"}, 422, "invalid_message"),
        ({"diarize": "perhaps"}, 422, "invalid_message"),
        ({"temperature": "1"}, 422, "invalid_message"),
        ({"language": ["en", "de"]}, 422, "invalid_message"),
        ({"context_bias": ["x"] * 101}, 422, "invalid_message"),
        ({"context_bias": "x" * 65}, 422, "invalid_message"),
        ({"language": "e\x00n"}, 422, "invalid_message"),
    ],
)
async def test_options_are_checked_before_anything_is_spent(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    fields: dict[str, Any],
    status: int,
    code: str | None,
) -> None:
    """A wrong option has its code, names its field, and costs nothing."""
    response = await http.post(PATH, data=fields, files={"audio": speech})
    assert response.status_code == status, response.text
    if code is not None:
        told = problem(response)
        assert told.code == code
        assert world.provider.requests == []
        assert await world.usage_of(ada) == []
    await world.is_clean(ada)


async def test_callers_need_a_token(world: World, speech: bytes) -> None:
    """Without a good token the body is not even read."""
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Bearer {world.stack.supabase.keys.publishable}"},
        {"Authorization": "Basic YTpi"},
    ):
        response = await world.http.post(PATH, files={"audio": speech}, headers=headers)
        told = problem(response)
        assert (told.status, told.code) == (401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_an_anonymous_user_has_limits_of_their_own(world: World, speech: bytes) -> None:
    """Anonymous users may call, and are known as such to the ledger."""
    nobody = await world.stack.anonymous()
    async with world.signed_in(nobody) as client:
        response = await client.post(PATH, files={"audio": speech})
    assert response.status_code == 200, response.text
    [row] = await world.usage_of(nobody)
    assert row["is_anonymous"]
    assert row["address_key"] is not None


@over_all_wires
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
