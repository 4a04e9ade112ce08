"""Recordings that are already in storage."""

import httpx
import pytest
from storage3.exceptions import StorageApiError

from tests.contract.world import Target
from tests.edge_functions.world import PATH, problem
from tests.local_stack.world import WAV, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_stored_take_becomes_its_transcript(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A take is fetched with the caller's token; the provider gets bytes and no address."""
    await ada.files.upload(ada.take("one.wav"), speech, WAV)
    body = {"storage_path": ada.take("one.wav"), "language": "en", "context_bias": ["Acme"]}
    response = await http.post(PATH, json=body)
    assert response.status_code == 200, response.text
    assert response.json()["text"] == "one two three"
    [request] = target.provider.requests
    assert request.data == speech
    assert not {"file_url", "file_id"} & {name for name, _ in request.fields}
    await target.has_nothing_of(ada, objects=[ada.take("one.wav")])


async def test_takes_are_bounded(target: Target, ada: Person, speech: bytes) -> None:
    """Storage refuses a take beyond the number or the bytes of its owner's plan, and no other."""
    execute = target.stack.execute
    size = len(speech)
    for takes, take_bytes in ((2, 10 * size), (10, 2 * size)):
        await execute("insert into ledger.plans values ('small', 'Two takes')")
        plan = "insert into ledger.plan_storage values ('small', 1, 1, %s, %s)"
        await execute(plan, takes, take_bytes)
        await execute("insert into ledger.user_plans values (%s, 'small')", ada.id)
        try:
            names = [ada.take(name) for name in ("one.wav", "two.wav", "three.wav")]
            await ada.files.upload(names[0], speech, WAV)
            await ada.files.upload(names[1], speech, WAV)
            with pytest.raises(StorageApiError) as refused:
                await ada.files.upload(names[2], speech, WAV)
            assert str(refused.value.status) == "403"
            await ada.files.remove(names[:1])
            await ada.files.upload(names[2], speech, WAV)
        finally:
            await ada.files.remove(names)
            await execute("delete from ledger.user_plans where user_id = %s", ada.id)
            await execute("delete from ledger.plans where name = 'small'")


async def test_paths_that_are_not_ones_own(
    target: Target, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """Another's recording, a way out of the folder and an address are refused unread."""
    await bob.files.upload(bob.take("one.wav"), speech, WAV)
    for path, code in (
        (bob.take("one.wav"), "forbidden"),
        (f"{ada.id}/takes/../../{bob.id}/takes/one.wav", "forbidden"),
        (f"{ada.id}/../{bob.id}/takes/one.wav", "forbidden"),
        (f"{ada.id}/takes/%2e%2e/one.wav", "not_found"),
        (f"/{ada.id}/takes/one.wav", "forbidden"),
        ("http://127.0.0.1/one.wav", "forbidden"),
        (f"https://evil.test/{ada.id}/takes/one.wav", "forbidden"),
        (f"{ada.id}/takes/one.wav?token=x", "not_found"),
        (f"{ada.id}/takes/one.wav\n", "not_found"),
        (f"{ada.id}/takes", "not_found"),
        (f"{ada.id}", "not_found"),
        (ada.take("never.wav"), "not_found"),
        (f"{ada.id}/voices/never.wav", "not_found"),
    ):
        told = problem(await http.post(PATH, json={"storage_path": path}))
        assert told.code == code, path
        assert bob.id not in told.detail
    assert target.provider.requests == []
    await target.has_nothing_of(ada)
    await bob.files.remove([bob.take("one.wav")])


async def test_a_stored_take_is_inspected_like_any_file(
    target: Target, http: httpx.AsyncClient, ada: Person
) -> None:
    """A take that is no sound is refused, though storage took it."""
    path = ada.take("text.wav")
    await ada.files.upload(path, b"Dear diary" * 100, WAV)
    told = problem(await http.post(PATH, json={"storage_path": path}))
    assert told.code == "unsupported_audio"
    await target.has_nothing_of(ada, objects=[path])
