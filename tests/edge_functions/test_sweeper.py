"""What crashes and changes of mind left behind is swept, and nothing else."""

import asyncio
import time

import httpx
import pytest
import respx

from tests.doubles.functions_away import functions_away
from tests.edge_functions.test_voices import clone
from tests.edge_functions.world import PATH, World
from tests.local_stack.world import Person
from tests.waiting import until
from transcription.errors import BackendUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def age(world: World, table: str, column: str, name: str, interval: str) -> None:
    """Let a row be older."""
    key = "name" if table == "storage.objects" else "id"
    await world.stack.execute(
        f"update {table} set {column} = {column} - %s::interval where {key}::text = %s",  # noqa: S608
        interval,
        name,
    )


async def take(person: Person, name: str, speech: bytes) -> str:
    """Store a take and return its path."""
    await person.files.upload(person.take(name), speech, {"content-type": "audio/wav"})
    return person.take(name)


async def test_leftovers_go_and_the_rest_stays(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Old pending voices, unused takes and orphans go; young ones and stored voices stay."""
    await world.services.sweeper.sweep()
    old_pending, young_pending, stored = [await clone(http, speech) for _ in range(3)]
    await world.stack.execute(
        "update public.voices set status = 'pending' where id = any(%s)",
        [old_pending, young_pending],
    )
    await age(world, "public.voices", "created_at", old_pending, "16 minutes")
    await age(world, "public.voices", "created_at", stored, "99 days")
    old_take, young_take = [await take(ada, name, speech) for name in ("old.wav", "new.wav")]
    await age(world, "storage.objects", "created_at", old_take, "25 hours")
    await age(world, "storage.objects", "created_at", young_take, "23 hours")
    orphan = await clone(http, speech)
    await world.stack.execute("delete from public.voices where id = %s", orphan)
    await age(world, "storage.objects", "created_at", f"{ada.id}/voices/{orphan}.wav", "2 hours")
    await age(world, "storage.objects", "created_at", f"{ada.id}/voices/{stored}.wav", "99 days")

    swept = await world.services.sweeper.sweep()
    assert (swept.voices, swept.recordings) == (1, 2)
    assert {str(row["id"]) for row in await world.voices_of(ada)} == {young_pending, stored}
    kept = [young_take, *(f"{ada.id}/voices/{one}.wav" for one in (young_pending, stored))]
    assert await world.objects_of(ada) == sorted(kept)
    again = await world.services.sweeper.sweep()
    assert (again.voices, again.recordings) == (0, 0)


async def test_the_ledger_is_swept(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """Dead leases end and old keys are forgotten."""
    await http.post(PATH, files={"audio": speech}, headers={"Idempotency-Key": "old"})
    await world.stack.execute(
        "update ledger.idempotency_keys set claimed_at = claimed_at - interval '25 hours',"
        " held_until = held_until - interval '25 hours' where user_id = %s",
        ada.id,
    )
    swept = await world.services.sweeper.sweep()
    assert swept.keys == 1
    response = await http.post(PATH, files={"audio": speech}, headers={"Idempotency-Key": "old"})
    assert response.status_code == 200
    assert len(world.provider.requests) == 2


async def test_storage_away_loses_nothing(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A sweep that breaks off leaves the rest to the next one."""
    pending = await clone(http, speech)
    await world.stack.execute("update public.voices set status = 'pending' where id = %s", pending)
    await age(world, "public.voices", "created_at", pending, "1 hour")
    with respx.mock(assert_all_called=False) as router:
        url = world.stack.supabase.url
        router.route(url__startswith=f"{url}/storage/").respond(503)
        router.route(url__startswith=url).pass_through()
        with pytest.raises(BackendUnavailable):
            await world.services.sweeper.sweep()
    assert len(await world.voices_of(ada)) == 1
    assert (await world.services.sweeper.sweep()).voices == 1
    await world.is_clean(ada)


async def test_when_a_whole_sweep_was_is_told(world: World) -> None:
    """An operator can tell when all was swept last; a sweep that breaks off is none."""

    def told() -> float:
        registry = world.services.shell.metrics.registry
        return registry.get_sample_value("utter_swept_timestamp_seconds") or 0.0

    await world.services.sweeper.sweep()
    before = told()
    assert before == pytest.approx(time.time(), abs=10)
    with functions_away("sweepable_objects"), pytest.raises(BackendUnavailable):
        await world.services.sweeper.sweep()
    assert told() == before


async def test_sweeping_goes_on_after_a_failure(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The task in the background sweeps again and again, whatever happens to one sweep."""
    old = await take(ada, "old.wav", speech)
    await age(world, "storage.objects", "created_at", old, "25 hours")
    with functions_away("sweep_ledger") as away:
        sweeping = asyncio.create_task(world.services.sweeper.run(0.02))
        await until(lambda: len(away.tries) >= 3)
        away.names.clear()

        async def swept() -> bool:
            return await world.objects_of(ada) == []

        await until(swept)
        sweeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sweeping
