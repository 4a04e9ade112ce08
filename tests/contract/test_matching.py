"""A text beside its recording: what `check_text` tells, and what a stored voice keeps of it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.provider import Script
from shared_schema.batch import Transcription
from shared_schema.voices import VoiceDetail
from tests.audio_files import write_audio
from tests.contract.world import Target
from tests.edge_functions.test_clone import FIELDS
from tests.edge_functions.world import PATH, events, problem
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEARD = "The quick purple fox jumps over the dog."
READ = "The quick brown fox jumps over the lazy dog."
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(autouse=True)
def heard(target: Target) -> None:
    """What the provider hears in every file."""
    target.engine.script = Script(text=HEARD)


async def transcribed(http: httpx.AsyncClient, audio: bytes, **fields: str) -> Transcription:
    """Transcribe a file."""
    response = await http.post(PATH, data=fields, files={"audio": audio})
    assert response.status_code == 200, response.text
    return Transcription.model_validate(response.json())


async def stored(http: httpx.AsyncClient, audio: bytes, **fields: str) -> VoiceDetail:
    """Store a voice, and return what is kept of it."""
    response = await http.post("/api/clone", data={**FIELDS, **fields}, files={"audio": audio})
    assert response.status_code == 201, response.text
    path = f"/api/voices/{response.json()['voice_id']}"
    return VoiceDetail.model_validate((await http.get(path)).json())


@pytest.mark.parametrize("form", ["json", "events"])
async def test_a_text_is_compared_with_what_is_heard(
    http: httpx.AsyncClient, speech: bytes, form: str
) -> None:
    """The answer tells where they differ, in the text's own places, and no times unasked."""
    headers = STREAM if form == "events" else {}
    response = await http.post(
        PATH, data={"check_text": READ}, files={"audio": speech}, headers=headers
    )
    assert response.status_code == 200, response.text
    told: dict[str, Any] = events(response.text)[-1] if form == "events" else response.json()
    answer = Transcription.model_validate(told)
    assert answer.text == HEARD
    assert not {"words", "segments"} & set(told)
    assert answer.match is not None
    assert [(one.kind, one.text, one.readings[0].text) for one in answer.match.doubts] == [
        ("changed", "brown", "purple"),
        ("extra", "lazy", ""),
    ]
    assert READ[answer.match.doubts[0].first_character :].startswith("brown")
    assert answer.match.rate == pytest.approx(7 / 9, abs=0.001)


async def test_how_it_is_written_makes_no_difference(
    http: httpx.AsyncClient, speech: bytes
) -> None:
    """Capitals and punctuation are no doubts, and a text that was not sent has no match."""
    answer = await transcribed(http, speech, check_text=HEARD.upper().replace(".", "!\n"))
    assert answer.match is not None
    assert (answer.match.rate, answer.match.doubts) == (1, ())
    assert (await transcribed(http, speech)).match is None
    for blank in (" \n", "\u200b"):
        response = await http.post(PATH, data={"check_text": blank}, files={"audio": speech})
        assert problem(response).code == "invalid_message"


async def test_a_voice_keeps_what_was_shown(
    http: httpx.AsyncClient, bob: Person, target: Target, speech: bytes, tmp_path: Path
) -> None:
    """A receipt shows what was heard, by whom, in which recording; anything else shows nothing."""
    receipt = (await transcribed(http, speech, check_text=READ)).receipt
    assert receipt is not None
    fields = {"transcript": READ, "machine_transcript": HEARD, "receipt": receipt}
    voice = await stored(http, speech, **fields)
    assert voice.match is not None
    assert voice.match.proved
    assert voice.match.rate == pytest.approx(7 / 9, abs=0.001)
    assert [one.text for one in voice.match.doubts] == ["brown", "lazy"]
    other = write_audio(tmp_path / "a", seconds=4.5).read_bytes()
    content, _, signature = receipt.partition(".")
    async with target.signed_in(bob) as somebody_else:
        unproved = [
            await stored(http, other, **fields),
            await stored(somebody_else, speech, **fields),
            await stored(http, speech, **fields | {"machine_transcript": READ}),
            await stored(http, speech, **fields | {"receipt": f"{content}.{signature[::-1]}"}),
            await stored(http, speech, transcript=READ, machine_transcript=HEARD),
        ]
    assert [one.match and one.match.proved for one in unproved] == [False] * 5
    assert (await stored(http, speech, transcript=READ)).match is None
    malformed = await http.post(
        "/api/clone", data={**FIELDS, "receipt": "a b.c"}, files={"audio": speech}
    )
    assert problem(malformed).code == "invalid_message"


async def test_a_take_in_storage_has_a_receipt_too(
    http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """What was heard in a take is shown for a voice of that take, and of the same file."""
    await ada.files.upload(ada.take("one.wav"), speech, {"content-type": "audio/wav"})
    body = {"storage_path": ada.take("one.wav"), "check_text": HEARD}
    receipt = str((await http.post(PATH, json=body)).json()["receipt"])
    voice = await stored(http, speech, transcript=HEARD, machine_transcript=HEARD, receipt=receipt)
    assert voice.match is not None
    assert (voice.match.proved, voice.match.rate) == (True, 1)
