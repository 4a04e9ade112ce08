"""`POST /api/transcriptions`: a file in, its transcript out."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from local_stack.provider import BatchScript, Script
from shared_schema.batch import Transcription
from tests.audio_files import write_audio, write_with_cover
from tests.contract.world import Target
from tests.edge_functions.world import KEY, PATH, problem
from tests.local_stack.world import Person
from tests.waiting import until
from transcription.process.record import TranscriptionRecord

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_file_becomes_its_transcript(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A file is answered with its text, charged for its length, and leaves nothing behind."""
    response = await http.post(PATH, files={"audio": ("take.wav", speech)})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "text": "one two three",
        "model": "voxtral-mini-2602",
        "duration_seconds": 4.0,
        "request_id": response.headers["x-request-id"],
        "receipt": response.json()["receipt"],
    }
    [request] = target.provider.requests
    assert request.data == speech
    assert request.content_type == "audio/wav"
    assert dict(request.headers)["authorization"] == f"Bearer {KEY}"
    assert dict(request.fields)["model"] == "voxtral-mini-2602"
    assert not {"language", "file_url", "file_id"} & set(dict(request.fields))
    [row] = await target.usage_of(ada)
    assert (row["status"], row["kind"], row["charged"]) == ("complete", "batch", 4.0)
    assert (row["provider"], row["model"]) == ("mistral", "voxtral-mini-2602")
    assert row["cost_microdollars"] == 200
    assert row["lease_seconds"] == 34
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "flac", "ogg", "webm"])
async def test_every_accepted_format_is_taken(
    target: Target, http: httpx.AsyncClient, tmp_path: Path, kind: str
) -> None:
    """A file is told by its content, whatever name and type come with it."""
    path = write_audio(tmp_path / "file", kind, seconds=4)
    response = await http.post(PATH, files={"audio": ("x.txt", path.read_bytes(), "text/plain")})
    assert response.status_code == 200, response.text
    assert response.json()["duration_seconds"] == pytest.approx(4.0, abs=0.1)
    [request] = target.provider.requests
    assert request.data == path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "codec", "options"),
    [
        ("wav", "pcm_s24le", {}),
        ("wav", "pcm_f32le", {}),
        ("wav", "pcm_alaw", {}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov"}),
        ("mov", "aac", {}),
        ("matroska", "libopus", {}),
        ("webm", "libopus", {"live": "1"}),
    ],
)
async def test_other_shapes_of_the_formats_are_taken(
    *, http: httpx.AsyncClient, tmp_path: Path, kind: str, codec: str, options: dict[str, str]
) -> None:
    """What recorders write in an accepted format is taken: fragments, streams, other samples."""
    path = write_audio(tmp_path / "file", kind, codec=codec, options=options, seconds=4)
    response = await http.post(PATH, files={"audio": path.read_bytes()})
    assert response.status_code == 200, response.text
    assert response.json()["duration_seconds"] == pytest.approx(4.0, abs=0.1)


async def test_a_cover_is_no_film(http: httpx.AsyncClient, tmp_path: Path) -> None:
    """A picture beside the sound is passed over."""
    content = write_with_cover(tmp_path / "a.mp3").read_bytes()
    assert (await http.post(PATH, files={"audio": content})).status_code == 200


async def test_options_reach_the_provider(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """Language names become codes, bias terms come in either spelling, words get their times."""
    for fields in (
        {"language": "German", "context_bias": ["Acme", "Utter"]},
        {"language": "de-AT", "context_bias[]": ["Acme", " Utter ", ""]},
    ):
        response = await http.post(PATH, data=fields, files={"audio": speech})
        assert response.status_code == 200, response.text
        assert response.json()["language"] == "de"
        sent = target.provider.requests[-1].fields
        assert [value for name, value in sent if name == "context_bias"] == ["Acme", "Utter"]
        assert ("language", "de") in sent
    response = await http.post(PATH, data={"timestamps": "word"}, files={"audio": speech})
    assert response.json()["words"][1] == {"text": "two", "start": 0.4, "end": 0.8}
    assert "segments" not in response.json()


async def test_what_cannot_be_combined_is_told(
    target: Target, http: httpx.AsyncClient, speech: bytes
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
    answer = Transcription.model_validate(response.json())
    assert answer.warnings == (
        "The model takes a language or timestamps, not both: the language was detected.",
        "The model takes single words to expect: phrases were split.",
    )
    assert response.json()["segments"] == [
        {"text": "one two three", "start": 0.0, "end": 1.2, "speaker": "speaker_1"}
    ]
    sent = target.provider.requests[-1].fields
    assert "language" not in dict(sent)
    assert [value for name, value in sent if name == "context_bias"] == ["two", "words"]
    assert dict(sent)["diarize"] == "true"


async def test_auto_lets_the_provider_detect(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """With `Auto` no language is sent, and the one that was heard is answered."""
    target.engine.script = Script(text="eins", language="de")
    response = await http.post(PATH, data={"language": "Auto"}, files={"audio": speech})
    assert response.json()["language"] == "de"
    assert "language" not in dict(target.provider.requests[-1].fields)


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
        ({"diarize": "no"}, 200, None),
        ({"temperature": "1"}, 422, "invalid_message"),
        ({"language": ["en", "de"]}, 422, "invalid_message"),
        ({"context_bias": ["x"] * 1001}, 422, "invalid_message"),
        ({"context_bias": "x" * 4001}, 422, "invalid_message"),
        ({"context_bias": "🙂" * 4000}, 200, None),
        ({"speaker_references": "["}, 422, "invalid_message"),
        ({"language": "e\x00n"}, 422, "invalid_message"),
    ],
)
async def test_options_are_checked_before_anything_is_spent(
    *,
    target: Target,
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
        assert problem(response).code == code
        assert target.provider.requests == []
        assert await target.usage_of(ada) == []
    await target.has_nothing_of(ada)


@pytest.mark.parametrize(
    "field", [{"timestamps": "letter"}, {"diarize": "perhaps"}, {"temperature": "1"}]
)
async def test_a_refusal_names_the_field(
    http: httpx.AsyncClient, speech: bytes, field: dict[str, str]
) -> None:
    """The error for a wrong field names the field, and does not repeat its content."""
    told = problem(await http.post(PATH, data=field, files={"audio": speech}))
    [(name, value)] = field.items()
    assert name in told.detail
    assert value not in told.detail


async def test_an_anonymous_user_has_limits_of_their_own(target: Target, speech: bytes) -> None:
    """Anonymous users may call, and are known as such to the ledger, with their address."""
    nobody = await target.stack.anonymous()
    async with target.signed_in(nobody) as client:
        response = await client.post(PATH, files={"audio": speech})
    assert response.status_code == 200, response.text
    [row] = await target.usage_of(nobody)
    assert row["is_anonymous"]
    assert row["address_key"] is not None


async def test_minutes_that_are_used_up_are_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A file longer than what is left of the day is refused before it reaches the provider."""
    await target.stack.execute(
        "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'batch', 7)", ada.id
    )
    assert (await http.post(PATH, files={"audio": speech})).status_code == 200
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code, told.retryable) == (429, "quota_exceeded", False)
    assert told.retry_after is not None
    assert len(target.provider.requests) == 1
    await target.has_nothing_of(ada)


async def test_a_plan_without_files_is_told(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A kind of work that a plan does not include is forbidden."""
    await target.stack.execute(
        "insert into ledger.plans values ('live_only', 'Live alone') on conflict do nothing"
    )
    await target.stack.execute("insert into ledger.user_plans values (%s, 'live_only')", ada.id)
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code) == (403, "forbidden")
    assert target.provider.requests == []


async def test_places_that_are_taken_are_told(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A user whose places are all taken is asked to come again."""
    await target.stack.execute(
        "insert into ledger.user_limits (user_id, kind, sessions) values (%s, 'batch', 1)", ada.id
    )
    target.engine.script = Script(text="one", batch=BatchScript(think_ms=1500))
    first = asyncio.create_task(http.post(PATH, files={"audio": speech}))
    await until(lambda: len(target.provider.requests) == 1)
    told = problem(await http.post(PATH, files={"audio": speech}))
    assert (told.status, told.code, told.retryable) == (429, "session_limit", True)
    assert told.retry_after is not None
    assert told.open_sessions == tuple(str(row["id"]) for row in await target.usage_of(ada))
    assert (await first).status_code == 200
    await target.has_nothing_of(ada)


@pytest.mark.parametrize(
    ("limit", "code", "retryable"),
    [("budget_microdollars", "budget_exceeded", False), ("open_sessions", "capacity", True)],
)
async def test_the_deployments_own_limits_are_told(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    limit: str,
    code: str,
    retryable: bool,
) -> None:
    """When the deployment's money for the day or its places are gone, nobody is served."""
    await target.stack.execute(
        f"create table kept as select {limit} as usual from ledger.deployment"  # noqa: S608
    )
    await target.stack.execute(f"update ledger.deployment set {limit} = 0")  # noqa: S608
    try:
        told = problem(await http.post(PATH, files={"audio": speech}))
    finally:
        await target.stack.execute(
            f"update ledger.deployment set {limit} = (select usual from kept)"  # noqa: S608
        )
        await target.stack.execute("drop table kept")
    assert (told.status, told.code, told.retryable) == (503, code, retryable)
    assert told.retry_after is not None
    assert target.provider.requests == []
    await target.has_nothing_of(ada)


async def test_a_transcription_is_one_line(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Its line has the names that every service knows, and no word, token or key."""
    target.engine.script = Script(text="confidential matters")
    before = len(target.log())
    with capture_logs() as logs:
        response = await http.post(PATH, files={"audio": speech}, data={"language": "en"})
    await until(lambda: target.name == "fastapi" or "transcription" in str(target.log()[before:]))
    written = [json.loads(line) for line in target.log()[before:]] or logs
    [line] = [one for one in written if one["event"] == "transcription"]
    names = {one.name for one in dataclasses.fields(TranscriptionRecord)}
    surrounding = {"event", "level", "log_level", "timestamp", "request_id"}
    assert line.keys() - surrounding <= names
    assert (line["status"], line["user_id"], line["model"], line["language"]) == (
        *("complete", ada.id, "voxtral-mini-2602", "en"),
    )
    assert (line["audio_seconds"], line["cost_microdollars"]) == (4.0, 200)
    assert line["bytes_in"] == len(speech)
    assert line["session_id"] == str((await target.usage_of(ada))[0]["id"])
    for secret in ("confidential", await ada.token(), KEY, target.stack.supabase.keys.secret):
        assert secret not in str(written)
    assert "confidential" in response.text


async def test_a_fault_is_written_without_words(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Whatever a provider answers, and whatever a clone holds: no word, token or key is written."""
    words = f"confidential {KEY}"
    bad = [BatchScript(status=status, message=words) for status in (401, 422)]
    bad += [BatchScript(body=body) for body in (words, json.dumps({"text": [words], words: 7}))]
    bad += [BatchScript(text=words, drop_after_events=1)]
    before = len(target.log())
    with capture_logs() as logs:
        for batch in bad:
            target.engine.script = Script(batch=batch)
            for accept in ("application/json", "text/event-stream"):
                file = {"audio": ("confidential.wav", speech)}
                await http.post(PATH, files=file, headers={"Accept": accept})
        forged = f"{(await ada.token())[:-4]}AAAA"
        await http.get("/api/usage", headers={"Authorization": f"Bearer {forged}"})
        form = {"name": "confidential", "transcript": words, "language": "en"}
        await http.post("/api/clone", files={"audio": speech}, data=form)
        await until(lambda: "voice_stored" in str(target.log()[before:] or logs))
    written = str(target.log()[before:] or logs)
    for secret in ("confidential", *(await ada.token()).split(".")[1:2], KEY):
        assert secret not in written
