"""`/api/voices`: everyone sees, hears and deletes their own."""

from uuid import UUID, uuid4

import httpx
import pytest
from starlette.responses import Response
from storage3.exceptions import StorageApiError

from shared_schema.voices import VoiceDetail, VoiceList
from tests.contract.world import Target
from tests.edge_functions.test_voices import FIELDS, clone
from tests.edge_functions.world import problem
from tests.local_stack.world import WAV, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_voices_are_listed_newest_first(http: httpx.AsyncClient, speech: bytes) -> None:
    """A list holds what a page shows, and the newest on top."""
    assert (await http.get("/api/voices")).json() == {"voices": []}
    first, second = await clone(http, speech), await clone(http, speech, name="Eve")
    voices = VoiceList.model_validate((await http.get("/api/voices")).json()).voices
    assert [voice.voice_id for voice in voices] == [second, first]
    assert [voice.name for voice in voices] == ["Eve", "Ada"]
    assert voices[0].language == "auto"
    assert voices[0].created_at > voices[1].created_at


async def test_a_long_list_is_read_in_pages(http: httpx.AsyncClient, speech: bytes) -> None:
    """Pages join to the whole list, each voice once, also when one is deleted in between."""
    made = [await clone(http, speech, name=str(number)) for number in range(5)]
    answer = await http.get("/api/voices")
    assert answer.status_code == 200, answer.text
    whole = VoiceList.model_validate(answer.json())
    assert whole.next is None
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = VoiceList.model_validate((await http.get("/api/voices", params=query)).json())
        seen += [voice.voice_id for voice in page.voices]
        if page.next is None:
            break
        assert len(page.voices) == 2
        await http.delete(f"/api/voices/{page.voices[-1].voice_id}")
        query["before"] = page.next
    assert seen == made[::-1] == [voice.voice_id for voice in whole.voices]


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=two", "limit=", "before=", "before=yesterday"),
        *("before=2026-11-29", "before=2026-11-29T10:00:00", "before=2026-11-29T24:00:00Z"),
        *("before=2026-02-30T10:00:00Z", "before=0000-01-01T10:00:00Z"),
        *("limit=+5", "limit=%205", "limit=5.0", "limit=1_0", "limit=00005"),
    ],
)
async def test_a_bad_page_is_refused(http: httpx.AsyncClient, query: str) -> None:
    """A page that no answer named is a malformed request, and the field is named."""
    told = problem(await http.get(f"/api/voices?{query}"))
    assert (told.status, told.code) == (422, "invalid_message")
    assert query.partition("=")[0] in (told.detail or "")


async def test_a_voice_is_heard_through_its_address(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """The address that comes with a voice gives its recording, byte for byte, without a token."""
    voice_id = await clone(http, speech, machine_transcript="the words")
    told = (await http.get(f"/api/voices/{voice_id}")).json()
    voice = VoiceDetail.model_validate(told)
    assert voice.transcript == "The words that are spoken."
    assert (voice.transcript_source, voice.machine_transcript) == ("typed", "the words")
    assert voice.audio_url_expires_in == 3600
    assert voice.audio_url.startswith(f"{target.stack.supabase.url}/storage/v1/object/sign/")
    async with httpx.AsyncClient() as anybody:
        response = await anybody.get(voice.audio_url)
    assert response.content == speech
    assert response.headers["content-type"] == "audio/wav"
    again = await http.get(f"/api/voices/{voice_id.upper()}")
    assert again.json()["voice_id"] == voice_id


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        *((form, "invalid_message") for form in ("{{{}}}", "urn:uuid:{}", "{}%20", "x")),
        *((form, "not_found") for form in ("{}", "{}%2f", "..%2f{}")),
    ],
)
async def test_an_id_has_one_form(http: httpx.AsyncClient, odd: str, code: str) -> None:
    """A voice is named as the list names it; other forms of the same UUID are none."""
    path = f"/api/voices/{odd.format(UUID(int=4))}"
    for method in ("GET", "DELETE"):
        assert problem(await http.request(method, path)).code == code
    assert problem(await http.get(f"/api/voices/{UUID(int=4).hex}")).code == "invalid_message"


async def test_a_voice_is_renamed(http: httpx.AsyncClient, speech: bytes) -> None:
    """A voice takes another name by the rules of its first one, and keeps all else."""
    voice_id = await clone(http, speech)
    before = (await http.get("/api/voices")).json()["voices"]
    answer = await http.patch(f"/api/voices/{voice_id}", json={"name": " Evening\tvoice "})
    assert answer.status_code == 200, answer.text
    assert answer.json() == before[0] | {"name": "Evening voice"}
    assert (await http.get("/api/voices")).json()["voices"] == [answer.json()]
    for body in (b"", b"[]", b"{}", b'{"name": ""}', b'{"name": "a", "language": "de"}'):
        told = problem(await http.patch(f"/api/voices/{voice_id}", content=body))
        assert (told.status, told.code) == (422, "invalid_message"), body
    told = problem(await http.patch(f"/api/voices/{voice_id}", json={"name": "a" * 101}))
    assert (told.status, told.code) == (422, "invalid_message")
    assert (await http.get("/api/voices")).json()["voices"] == [answer.json()]


async def test_a_voice_is_deleted_with_its_recording(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """What is deleted is gone, and cannot be deleted twice."""
    voice_id = await clone(http, speech)
    response = await http.delete(f"/api/voices/{voice_id}")
    assert (response.status_code, response.content) == (204, b"")
    assert problem(await http.get(f"/api/voices/{voice_id}")).code == "not_found"
    assert problem(await http.delete(f"/api/voices/{voice_id}")).code == "not_found"
    await target.has_nothing_of(ada)


async def test_another_users_voice_is_not_there(
    target: Target, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """Nobody sees, hears, renames or deletes what is another's."""
    voice_id = await clone(http, speech)
    async with target.signed_in(bob) as other:
        assert (await other.get("/api/voices")).json() == {"voices": []}
        for told in (
            problem(await other.get(f"/api/voices/{voice_id}")),
            problem(await other.patch(f"/api/voices/{voice_id}", json={"name": "Mine"})),
            problem(await other.delete(f"/api/voices/{voice_id}")),
            problem(await other.get(f"/api/voices/{uuid4()}")),
        ):
            assert (told.status, told.code) == (404, "not_found")
    assert len(await target.voices_of(ada)) == 1
    assert len(await target.objects_of(ada)) == 1


@pytest.mark.parametrize("name", ["1", "eq.1", "a&status=eq.pending", "%00"])
async def test_a_malformed_id_is_refused(http: httpx.AsyncClient, name: str) -> None:
    """What is no id cannot be a voice's."""
    told = problem(await http.get(f"/api/voices/{name}"))
    assert (told.status, told.code) == (422, "invalid_message")
    assert "voice_id" in told.detail


async def test_a_recording_that_cannot_be_removed_is_left_to_the_sweeper(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A voice is gone when its row is; its recording may follow later."""
    voice_id = await clone(http, speech)
    with target.relay.failing("/storage/", Response(status_code=503), method="DELETE"):
        assert (await http.delete(f"/api/voices/{voice_id}")).status_code == 204
    assert await target.voices_of(ada) == []
    assert len(await target.objects_of(ada)) == 1


async def test_a_voice_has_room_or_is_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Beyond its plan a voice is refused in words and leaves nothing; a deletion makes room."""
    execute = target.stack.execute
    await execute("insert into ledger.plans values ('small', 'One voice') on conflict do nothing")
    await execute("insert into ledger.plan_storage values ('small', 1, 10000000, 10, 10000000)")
    await execute("insert into ledger.user_plans values (%s, 'small')", ada.id)
    try:
        voice_id = await clone(http, speech)
        refused = problem(await http.post("/api/clone", data=FIELDS, files={"audio": speech}))
        assert (refused.status, refused.code, refused.retryable) == (409, "storage_limit", False)
        assert len((await http.get("/api/voices")).json()["voices"]) == 1
        await http.delete(f"/api/voices/{voice_id}")
        await http.delete(f"/api/voices/{await clone(http, speech)}")
    finally:
        await execute("delete from ledger.user_plans where user_id = %s", ada.id)
        await execute("delete from ledger.plans where name = 'small'")


async def test_a_suspended_account_stores_nothing(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Someone who is banned is told so, and no voice of theirs is stored."""
    ban = "update auth.users set banned_until = %s where id = %s"
    await target.stack.execute(ban, "infinity", ada.id)
    try:
        told = problem(await http.post("/api/clone", data=FIELDS, files={"audio": speech}))
        assert (told.status, told.code) == (403, "forbidden")
        key = {"Idempotency-Key": "one"}
        for path, data in (("/api/clone", FIELDS), ("/api/transcriptions", {})):
            sent = await http.post(path, data=data, files={"audio": speech}, headers=key)
            assert problem(sent).detail == told.detail, path
        with pytest.raises(StorageApiError, match="row-level security"):
            await ada.files.upload(ada.take("one.wav"), speech, WAV)
    finally:
        await target.stack.execute(ban, None, ada.id)
    await target.has_nothing_of(ada)
