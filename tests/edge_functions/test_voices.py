"""`/api/voices`: everybody sees, hears and deletes their own."""

from uuid import uuid4

import httpx
import pytest
import respx

from tests.edge_functions.world import World, problem
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIELDS = {"name": "Ada", "transcript": "The words that are spoken.", "language": "auto"}


async def clone(http: httpx.AsyncClient, speech: bytes, **fields: str) -> str:
    """Store a voice and return its id."""
    response = await http.post("/api/clone", data={**FIELDS, **fields}, files={"audio": speech})
    assert response.status_code == 201, response.text
    return str(response.json()["voice_id"])


async def test_voices_are_listed_newest_first(http: httpx.AsyncClient, speech: bytes) -> None:
    """A list holds what a page shows, and the newest on top."""
    assert (await http.get("/api/voices")).json() == {"voices": []}
    first, second = await clone(http, speech), await clone(http, speech, name="Eve")
    voices = (await http.get("/api/voices")).json()["voices"]
    assert [voice["voice_id"] for voice in voices] == [second, first]
    assert [voice["name"] for voice in voices] == ["Eve", "Ada"]
    assert voices[0]["language"] == "auto"


async def test_a_voice_is_heard_through_its_address(http: httpx.AsyncClient, speech: bytes) -> None:
    """The address that comes with a voice gives its recording, byte for byte, without a token."""
    voice_id = await clone(http, speech, machine_transcript="the words")
    voice = (await http.get(f"/api/voices/{voice_id}")).json()
    assert voice["transcript"] == "The words that are spoken."
    assert voice["transcript_source"] == "typed"
    assert voice["machine_transcript"] == "the words"
    assert voice["audio_url_expires_in"] == 3600
    async with httpx.AsyncClient() as anybody:
        response = await anybody.get(voice["audio_url"])
    assert response.content == speech
    assert response.headers["content-type"] == "audio/wav"


async def test_a_voice_is_deleted_with_its_recording(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """What is deleted is gone, and cannot be deleted twice."""
    voice_id = await clone(http, speech)
    response = await http.delete(f"/api/voices/{voice_id}")
    assert (response.status_code, response.content) == (204, b"")
    assert problem(await http.get(f"/api/voices/{voice_id}")).code == "not_found"
    assert problem(await http.delete(f"/api/voices/{voice_id}")).code == "not_found"
    await world.is_clean(ada)


async def test_another_users_voice_is_not_there(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """Nobody sees, hears or deletes what is another's."""
    voice_id = await clone(http, speech)
    async with world.signed_in(bob) as other:
        assert (await other.get("/api/voices")).json() == {"voices": []}
        for told in (
            problem(await other.get(f"/api/voices/{voice_id}")),
            problem(await other.delete(f"/api/voices/{voice_id}")),
            problem(await other.get(f"/api/voices/{uuid4()}")),
        ):
            assert (told.status, told.code) == (404, "not_found")
    assert len(await world.voices_of(ada)) == 1
    assert len(await world.objects_of(ada)) == 1


async def test_a_malformed_id_is_refused(http: httpx.AsyncClient) -> None:
    """What is no id cannot be a voice's."""
    told = problem(await http.get("/api/voices/1"))
    assert (told.status, told.code) == (422, "invalid_message")
    assert "voice_id" in told.detail


async def test_a_recording_that_cannot_be_removed_is_left_to_the_sweeper(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A voice is gone when its row is; its recording may follow later."""
    voice_id = await clone(http, speech)
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        url = world.stack.supabase.url
        router.route(method="DELETE", url__startswith=f"{url}/storage/").respond(503)
        router.route(url__startswith=url).pass_through()
        assert (await http.delete(f"/api/voices/{voice_id}")).status_code == 204
    assert await world.voices_of(ada) == []
    assert len(await world.objects_of(ada)) == 1


async def test_supabase_away_is_told(world: World, http: httpx.AsyncClient) -> None:
    """While the database does not answer, callers are asked to come again."""
    for failure in (httpx.ConnectError("no"), httpx.Response(500, json={"message": "at db.host"})):
        with respx.mock(assert_all_called=False) as router:
            router.route(host="127.0.0.1", port=world.port).pass_through()
            route = router.route(url__startswith=world.stack.supabase.url)
            if isinstance(failure, httpx.Response):
                route.mock(return_value=failure)
            else:
                route.mock(side_effect=failure)
            for path in ("/api/voices", f"/api/voices/{uuid4()}", "/api/usage"):
                response = await http.get(path)
                told = problem(response)
                assert (told.status, told.code) == (503, "ledger_unavailable")
                assert told.retry_after is not None
                assert "db.host" not in response.text
