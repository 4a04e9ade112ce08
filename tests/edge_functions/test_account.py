"""Erasing a user, by themselves and by the operator."""

import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from dataclasses import fields

import httpx
import pytest
import respx

from edge_functions.sweeper import Swept
from tests.edge_functions.test_voices import clone
from tests.edge_functions.world import PATH, World, problem
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def live_here(world: World, http: httpx.AsyncClient, person: Person, speech: bytes) -> None:
    """Leave traces everywhere."""
    await clone(http, speech)
    await person.files.upload(person.take("one.wav"), speech, {"content-type": "audio/wav"})
    key = {"Idempotency-Key": "kept"}
    assert (await http.post(PATH, files={"audio": speech}, headers=key)).status_code == 200


async def traces(world: World, person: Person) -> set[str]:
    """Return which tables of the whole database name someone, in whatever column."""
    tables = await world.stack.execute(
        "select format('%I.%I', schemaname, tablename) as name from pg_catalog.pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    )
    counts = " union all ".join(
        f"select '{one['name']}' as name from {one['name']} as t"  # noqa: S608 - ours
        f" where t::text like '%{person.id}%'"
        for one in tables
    )
    return {row["name"] for row in await world.stack.execute(counts)}


EVERYWHERE = {
    *("auth.users", "public.voices", "public.transcription_usage"),
    *("ledger.idempotency_keys", "storage.objects"),
}


async def test_a_user_erases_themselves(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """Voices, recordings, keys and account go; usage stays without a name; others stay whole."""
    await live_here(world, http, ada, speech)
    async with world.signed_in(bob) as other:
        await live_here(world, other, bob, speech)
    assert await traces(world, ada) >= EVERYWHERE
    [used] = await world.usage_of(ada)
    response = await http.delete("/api/account")
    assert (response.status_code, response.content) == (204, b"")
    assert await traces(world, ada) == set()
    [row] = await world.stack.execute(
        "select user_id, charged_seconds::float as charged from public.transcription_usage"
        " where id = %s",
        used["id"],
    )
    assert row == {"user_id": None, "charged": 4.0}
    assert await traces(world, bob) >= EVERYWHERE
    # The token is good until it expires, and opens nothing.
    assert problem(await http.post(PATH, files={"audio": speech})).code == "unauthenticated"


async def test_what_broke_off_is_erased_by_asking_again(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """While storage is away the account stays, so that its owner can ask once more."""
    await live_here(world, http, ada, speech)
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        url = world.stack.supabase.url
        router.route(method="DELETE", url__startswith=f"{url}/storage/").respond(503)
        router.route(url__startswith=url).pass_through()
        told = problem(await http.delete("/api/account"))
    assert (told.code, told.retryable) == ("backend_unavailable", True)
    assert "auth.users" in await traces(world, ada)
    assert (await http.delete("/api/account")).status_code == 204
    assert await traces(world, ada) == set()


async def command(world: World, *arguments: str, **environment: str) -> tuple[int | None, str, str]:
    """Run `python -m edge_functions …` against the world's Supabase."""
    keys = world.stack.supabase.keys
    environment = {
        **environment,
        **{name: os.environ[name] for name in ("PATH",)},
        "SUPABASE_URL": world.stack.supabase.url,
        "SUPABASE_PUBLISHABLE_KEY": keys.publishable,
        "SUPABASE_SECRET_KEY": keys.secret,
    }
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "edge_functions", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_an_operator_erases_a_user(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """The command erases a user and says what there was; an unknown id is an error."""
    await live_here(world, http, ada, speech)
    status, out, err = await command(world, "erase", ada.id)
    assert status == 0, err
    assert out == "voices: 1\nrecordings: 2\nusage_rows: 1\nrevoked_sessions: 0\naccounts: 1\n"
    assert await traces(world, ada) == set()
    status, out, err = await command(world, "erase", ada.id)
    assert (status, out.split("\n")[0]) == (1, "voices: 0")
    assert err.splitlines()[-1] == f"edge_functions: there is no user {ada.id}"


async def test_an_operator_sweeps(world: World) -> None:
    """The command sweeps once and says how much there was."""
    status, out, err = await command(world, "sweep")
    assert status == 0, err
    assert out.startswith("voices: ")
    assert out.count("\n") == len(fields(Swept))
