"""`POST /api/clone`: a recording and its transcript become a voice, whole or not at all."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from shared_schema.voices import Voice, VoiceDetail
from tests.audio_files import write_audio
from tests.contract.world import Target
from tests.edge_functions.test_clone import FIELDS, PATH
from tests.edge_functions.world import problem, wav
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_recording_becomes_a_voice(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The row names the recording, the recording has the bytes that were sent, and both stay."""
    fields = {
        **FIELDS,
        "transcript": "  The words that are spoken.\n",
        "transcript_source": "edited",
        "machine_transcript": "the words that were spoken",
        "settled_by": "ear",
        "window_start_ms": "61500",
        "consent": "true",
    }
    response = await http.post(PATH, data=fields, files={"audio": ("../../x.exe", speech)})
    assert response.status_code == 201, response.text
    voice = response.json()
    Voice.model_validate(voice)
    assert set(voice) == {"voice_id", "name", "language", "duration_seconds", "created_at"}
    assert (voice["name"], voice["language"], voice["duration_seconds"]) == ("Ada", "en", 4.0)
    [row] = await target.voices_of(ada)
    assert (str(row["id"]), row["status"]) == (voice["voice_id"], "ready")
    assert (row["transcript"], row["consent"]) == ("The words that are spoken.", True)
    assert row["machine_transcript"] == "the words that were spoken"
    assert row["transcript_source"] == "edited"
    assert (row["settled_by"], row["window_start_ms"]) == ("ear", 61_500)
    detail = VoiceDetail.model_validate((await http.get(f"/api/voices/{row['id']}")).json())
    assert (detail.settled_by, detail.window_start_ms, detail.consent) == ("ear", 61_500, True)
    assert await target.objects_of(ada) == [f"{ada.id}/voices/{row['id']}.wav"]
    assert await ada.files.download(row["storage_path"]) == speech
    assert await target.usage_of(ada) == []


async def test_a_take_becomes_a_voice(
    target: Target, http: httpx.AsyncClient, ada: Person, tmp_path: Path
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
    [row] = await target.voices_of(ada)
    assert (row["mime_type"], row["transcript_source"]) == ("audio/webm", "typed")
    assert (row["machine_transcript"], row["consent"]) == (None, False)
    assert await ada.files.download(row["storage_path"]) == content


@pytest.mark.parametrize(
    ("name", "transcript"),
    [
        ("\u200b", FIELDS["transcript"]),
        ("\u3164", FIELDS["transcript"]),
        ("\u202eadA", FIELDS["transcript"]),
        ("\x1b[31mAda", FIELDS["transcript"]),
        ("a" + "\u0301" * 40, FIELDS["transcript"]),
        ("Ada", "\u200b" * 12),
        ("Ada", "a" + "\ufeff" * 20),
        ("Ada", "The words \u2066that\u2069 are spoken."),
    ],
    ids=ascii,
)
async def test_text_that_cannot_be_seen_is_refused(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    name: str,
    transcript: str,
) -> None:
    """A name and a transcript hold something that can be seen, and no control characters."""
    fields = {**FIELDS, "name": name, "transcript": transcript}
    told = problem(await http.post(PATH, data=fields, files={"audio": speech}))
    assert (told.status, told.code) == (422, "invalid_message")
    await target.has_nothing_of(ada)


async def test_invisible_characters_are_not_kept(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """What nobody sees is dropped from what is pasted, and accents are in one form."""
    fields = {
        "name": "\ufeffZoe\u0308\u200b",
        "transcript": "\ufeffThe words\r\nthat are spo\u00adken.",
        "language": "English\u200b",
    }
    response = await http.post(PATH, data=fields, files={"audio": speech})
    assert response.status_code == 201, response.text
    [row] = await target.voices_of(ada)
    assert (row["name"], row["transcript"]) == ("Zo\u00eb", "The words\nthat are spoken.")


async def test_the_same_key_makes_one_voice(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A request that is sent again gets the voice that it made."""
    key = {"Idempotency-Key": "one-voice"}
    answers = [
        await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await target.voices_of(ada)) == 1
    told = problem(
        await http.post(PATH, data={**FIELDS, "name": "Eve"}, files={"audio": speech}, headers=key)
    )
    assert told.code == "invalid_message"


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": "   "},
        {"name": "x" * 101},
        {"transcript": None},
        {"transcript": "too short"},
        {"transcript": " too short \n\t "},
        {"transcript": "x" * 20_001},
        {"language": None},
        {"language": "Klingon"},
        {"transcript_source": "rumour"},
        {"consent": "perhaps"},
        {"user_id": "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"},
        {"storage_path": "x/takes/a.wav"},
    ],
)
async def test_fields_are_checked(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    change: dict[str, str | None],
) -> None:
    """A field that is missing, wrong or unknown is refused by its name, and nothing is stored."""
    fields = {name: one for name, one in {**FIELDS, **change}.items() if one is not None}
    told = problem(await http.post(PATH, data=fields, files={"audio": speech}))
    assert (told.status, told.code) == (422, "invalid_message")
    [field] = change
    assert field in told.detail.lower()
    await target.has_nothing_of(ada)


async def test_the_recording_is_checked(
    target: Target, http: httpx.AsyncClient, ada: Person, bob: Person, tmp_path: Path
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
    await target.has_nothing_of(ada)


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
    "fault",
    [
        Response("<html>upstream</html>", 503),
        JSONResponse({"message": "secret", "code": "XX000"}, 500),
    ],
    ids=["503", "500"],
)
async def test_a_failure_on_the_way_leaves_nothing(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    method: str,
    path: str,
    fault: Response,
) -> None:
    """Whichever step fails, neither row nor recording stays, and the key is free again."""
    key = {"Idempotency-Key": "again"}
    with target.relay.failing(path, fault, method=method):
        response = await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key)
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (503, "backend_unavailable", True)
    assert "secret" not in response.text
    await target.has_nothing_of(ada)
    again = await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key)
    assert again.status_code == 201, again.text


async def test_what_cannot_be_undone_is_left_to_the_sweeper(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A voice that could not be finished nor removed stays pending, where nobody sees it."""
    away = Response(status_code=503)
    with (
        target.relay.failing("/rest/v1/voices", away, method="PATCH"),
        target.relay.failing("/rest/v1/voices", away, method="DELETE"),
    ):
        response = await http.post(PATH, data=FIELDS, files={"audio": speech})
    assert problem(response).retryable
    [row] = await target.voices_of(ada)
    assert row["status"] == "pending"
    assert (await http.get("/api/voices")).json() == {"voices": []}
    assert problem(await http.get(f"/api/voices/{row['id']}")).code == "not_found"


async def test_an_account_that_is_gone_makes_no_voice(
    target: Target, ada: Person, speech: bytes
) -> None:
    """A token outlives its account; what it asks for does not."""
    async with target.signed_in(ada) as client:
        await target.stack.execute("delete from auth.users where id = %s", ada.id)
        for path, data in ((PATH, FIELDS), ("/api/transcriptions", {})):
            for headers in ({}, {"Idempotency-Key": "one"}):
                sent = await client.post(path, data=data, files={"audio": speech}, headers=headers)
                assert problem(sent).code == "unauthenticated", (path, headers)
    await target.has_nothing_of(ada)
