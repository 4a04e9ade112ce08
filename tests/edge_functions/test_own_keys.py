"""A user's own key for the provider: kept, used for their files, and for nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from edge_functions.rotation import rotate as rotate_all
from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, Script
from shared_schema.account import PublicConfig, Usage
from shared_schema.own_keys import OwnKey
from tests.edge_functions.test_account import command
from tests.edge_functions.world import KEY, PATH, World, events, problem, running
from tests.local_stack.world import Person
from tests.own_keys import RING, ring, ring_setting
from transcription.user_keys.supabase import ATTEMPTS

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN = "0wnKey0wnKey0wnKey0wnKey0wnWxYz9"
OTHER = "AnotherKeyAnotherKeyAnotherKey42"
WHERE = "/api/provider-key"


@asynccontextmanager
async def someone(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Sign someone new in."""
    async with world.signed_in(await world.stack.person(f"{uuid4()}@example.com")) as http:
        yield http


async def store(http: httpx.AsyncClient, key: str = OWN) -> OwnKey:
    """Store a key."""
    response = await http.put(WHERE, json={"key": key})
    assert response.status_code == 200, response.text
    return OwnKey.model_validate(response.json())


async def shown(http: httpx.AsyncClient) -> OwnKey:
    """Return what is told of the key that is stored."""
    return OwnKey.model_validate((await http.get(WHERE)).json())


def bearers(world: World) -> list[str]:
    """Return the keys with which the provider was sent files."""
    return [one.headers["authorization"].removeprefix("Bearer ") for one in world.provider.requests]


async def test_a_key_is_stored_shown_replaced_and_forgotten(http: httpx.AsyncClient) -> None:
    """Its owner sees its last four characters and its state, and never the key."""
    nothing = await http.get(WHERE)
    assert nothing.json() == {"provider": "mistral", "stored": False}
    told = await store(http)
    assert (told.stored, told.last_four, told.state) == (True, "xYz9", "untested")
    assert await shown(http) == told
    told = await store(http, OTHER)
    assert (told.last_four, told.state) == ("ey42", "untested")
    for answer in (await http.get(WHERE), await http.put(WHERE, json={"key": OWN})):
        assert OWN not in answer.text
        assert OTHER not in answer.text
    assert (await http.delete(WHERE)).status_code == 204
    assert (await http.get(WHERE)).json() == nothing.json()
    assert (await http.delete(WHERE)).status_code == 204


async def test_a_key_is_tested_at_the_provider(world: World, http: httpx.AsyncClient) -> None:
    """A test tells whether the provider takes the key, is remembered, and is no error."""
    assert problem(await http.post(f"{WHERE}/test")).code == "not_found"
    await store(http)
    told = OwnKey.model_validate((await http.post(f"{WHERE}/test")).json())
    assert (told.state, told.tested_at is not None) == ("works", True)
    world.refused_keys.add(OWN)
    response = await http.post(f"{WHERE}/test")
    assert (response.status_code, response.json()["state"]) == (200, "refused")
    assert (await shown(http)).state == "refused"
    assert (await store(http, OTHER)).state == "untested"


async def test_a_provider_that_does_not_say(postgres: Postgres, tmp_path: Path) -> None:
    """While the provider is away a test says so, and the key's state stays as it was."""
    settings: dict[str, Any] = {
        "byok_enabled": True,
        "byok_keys": RING,
        "mistral_server_url": "http://127.0.0.1:9",
    }
    async with running(postgres, tmp_path, **settings) as world, someone(world) as http:
        await store(http)
        told = problem(await http.post(f"{WHERE}/test"))
        assert (told.code, told.retryable) == ("provider_unavailable", True)
        assert (await shown(http)).state == "untested"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"key": ""},
        {"key": "short"},
        {"key": "x" * 257},
        {"key": "with a space in the middle of it"},
        {"key": "sk-\u00e4\u00f6\u00fc-0123456789abcdef"},
        {"key": f"{OWN}\n"},
        {"key": 12345678901234567890},
        {"key": OWN, "provider": "another"},
    ],
)
async def test_what_is_no_key_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """What does not look like a key is refused, is not repeated, and leaves the old one."""
    await store(http, OTHER)
    response = await http.put(WHERE, json=body)
    assert problem(response).code == "invalid_message"
    for value in body.values():
        assert not value or str(value) not in response.text
    assert (await shown(http)).last_four == OTHER[-4:]


async def test_an_own_key_transcribes(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """A user's files go with their own key, cost nothing here and are told apart."""
    await store(http)
    answer = await http.post(PATH, files={"audio": speech})
    assert answer.json()["text"] == "one two three"
    stream = {"Accept": "text/event-stream"}
    with capture_logs() as logs:
        streamed = await http.post(PATH, files={"audio": speech}, headers=stream)
    assert events(streamed.text)[-1]["text"] == "one two three"
    assert bearers(world) == [OWN, OWN]
    [line] = [log for log in logs if log["event"] == "transcription"]
    assert (line["own_key"], line["cost_microdollars"]) == (True, 0)
    rows = await world.usage_of(ada)
    assert [(one["own_key"], one["charged"], one["cost_microdollars"]) for one in rows] == [
        (True, 4.0, 0)
    ] * 2
    usage = Usage.model_validate((await http.get("/api/usage")).json())
    assert (usage.batch.used_seconds, usage.batch.own_key_seconds) == (0, 8)
    assert (await shown(http)).used_at is not None

    world.provider.requests.clear()
    async with world.signed_in(bob) as other:
        await other.post(PATH, files={"audio": speech})
    assert bearers(world) == [KEY]
    await http.delete(WHERE)
    await http.post(PATH, files={"audio": speech})
    assert bearers(world) == [KEY, KEY]


async def test_an_own_key_needs_no_quota(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """With today's minutes used up, an own key transcribes, within every other limit."""
    await world.stack.execute(
        "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'batch', 0)", ada.id
    )
    assert problem(await http.post(PATH, files={"audio": speech})).code == "quota_exceeded"
    await store(http)
    assert (await http.post(PATH, files={"audio": speech})).status_code == 200
    await world.stack.execute(
        "update ledger.user_limits set sessions = 0 where user_id = %s", ada.id
    )
    assert problem(await http.post(PATH, files={"audio": speech})).code == "forbidden"


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_is_told_to_its_owner(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes, status: int
) -> None:
    """A key that the provider refuses ends the call, plainly; the shared key is never tried."""
    await store(http)
    world.engine.script = Script(batch=BatchScript(status=status, message=f"no such key {OWN}"))
    with capture_logs() as logs:
        response = await http.post(PATH, files={"audio": speech})
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (424, "own_key_refused", False)
    assert told.detail.startswith("Mistral refused your own key.")
    assert OWN not in response.text + str(logs)
    assert bearers(world) == [OWN]
    assert not [log for log in logs if log["log_level"] in {"warning", "error"}]
    assert (await shown(http)).state == "refused"
    [row] = await world.usage_of(ada)
    assert (row["status"], row["reason"], row["charged"]) == ("failed", "own_key_refused", 0)
    stream = {"Accept": "text/event-stream"}
    streamed = await http.post(PATH, files={"audio": speech}, headers=stream)
    assert events(streamed.text)[-1]["code"] == "own_key_refused"
    assert set(bearers(world)) == {OWN}

    world.engine.script = Script(text="one two three")
    assert (await http.post(PATH, files={"audio": speech})).status_code == 200
    assert (await shown(http)).state == "untested"


async def test_that_our_own_key_is_refused_stays_our_alarm(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """A user without a key of their own is told of an outage, and the operator of the key."""
    world.refused_keys.add(KEY)
    with capture_logs() as logs:
        told = problem(await http.post(PATH, files={"audio": speech}))
    assert told.code == "provider_unavailable"
    alarms = [log for log in logs if log["log_level"] == "error"]
    assert [(one["event"], one["status"]) for one in alarms] == [("provider_key_refused", 401)]


async def test_anonymous_users_bring_no_keys(world: World, speech: bytes) -> None:
    """Without an account there is nothing to keep a key with, and no key is looked for."""
    async with world.signed_in(await world.stack.anonymous()) as http:
        for method, where, body in (
            ("GET", WHERE, None),
            ("PUT", WHERE, {"key": OWN}),
            ("DELETE", WHERE, None),
            ("POST", f"{WHERE}/test", None),
        ):
            told = problem(await http.request(method, where, json=body))
            assert (told.code, told.status) == ("forbidden", 403)
        assert (await http.post(PATH, files={"audio": speech})).status_code == 200
    assert bearers(world) == [KEY]
    assert problem(await world.http.get(WHERE)).code == "unauthenticated"


async def test_trying_keys_out_is_bounded(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """A user who stores and tests without end has to wait; the stored key still works."""
    settings: dict[str, Any] = {"byok_enabled": True, "byok_keys": RING}
    async with running(postgres, tmp_path, **settings) as world, someone(world) as http:
        for number in range(ATTEMPTS // 2):
            await store(http, f"{OWN}{number}")
            assert (await http.post(f"{WHERE}/test")).status_code == 200
            if number % 2:
                await http.delete(WHERE)
        told = problem(await http.put(WHERE, json={"key": OWN}))
        assert (told.status, told.code, told.retryable) == (429, "rate_limited", True)
        assert 0 < (told.retry_after or 0) <= 600
        async with someone(world) as other:
            await store(other)
            assert (await other.post(f"{WHERE}/test")).status_code == 200
        assert (await http.delete(WHERE)).status_code == 204
        assert (await http.post(PATH, files={"audio": speech})).status_code == 200


async def test_a_row_in_anothers_place_opens_for_nobody(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person, speech: bytes
) -> None:
    """Ciphertexts that were swapped between users, or put into another row, transcribe nothing."""
    async with world.signed_in(bob) as other:
        await store(http)
        await store(other, OTHER)
        swap = (
            "update public.own_keys as k set {} from public.own_keys as o"
            " where k.user_id in (%s, %s) and o.user_id in (%s, %s) and o.user_id <> k.user_id"
        )
        people = (ada.id, bob.id) * 2
        await world.stack.execute(swap.format("sealed = o.sealed"), *people)
        for client in (http, other):
            response = await client.post(PATH, files={"audio": speech})
            assert problem(response).code == "own_key_unreadable"
            assert OWN not in response.text
            assert OTHER not in response.text
        await world.stack.execute(swap.format("sealed = o.sealed"), *people)
        # With the row's id as well it is the whole row of another user's.
        await world.stack.execute("alter table public.own_keys drop constraint own_keys_id_key")
        try:
            await world.stack.execute(swap.format("sealed = o.sealed, id = o.id"), *people)
            for client in (http, other):
                told = problem(await client.post(PATH, files={"audio": speech}))
                assert told.code == "own_key_unreadable"
            await world.stack.execute(swap.format("sealed = o.sealed, id = o.id"), *people)
        finally:
            await world.stack.execute("alter table public.own_keys add unique (id)")
        assert bearers(world) == []
        for client in (http, other):
            assert (await client.post(PATH, files={"audio": speech})).status_code == 200
        assert bearers(world) == [OWN, OTHER]


async def test_another_users_row_cannot_be_read(
    world: World, http: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    """Over Supabase's own API a user sees their row without the key, and nobody else's."""
    await store(http)
    async with world.signed_in(bob) as other:
        await store(other, OTHER)
    url = f"{world.stack.supabase.url}/rest/v1/own_keys"
    keys = world.stack.supabase.keys
    for person, last in ((ada, OWN[-4:]), (bob, OTHER[-4:])):
        headers = {"apikey": keys.publishable, "Authorization": f"Bearer {await person.token()}"}
        async with httpx.AsyncClient(headers=headers) as client:
            found = await client.get(url, params={"select": "user_id,last_four"})
            assert found.json() == [{"user_id": person.id, "last_four": last}]
            for columns in ("*", "sealed", "ring_key", "id"):
                refused = await client.get(url, params={"select": columns})
                assert refused.status_code == 403, columns
            rpc = {"user_id": ada.id, "provider": "mistral"}
            call = f"{world.stack.supabase.url}/rest/v1/rpc/own_key"
            assert (await client.post(call, json=rpc)).status_code in {401, 403, 404}
    service = {"apikey": keys.secret, "Authorization": f"Bearer {keys.secret}"}
    async with httpx.AsyncClient(headers=service) as client:
        assert (await client.get(url, params={"select": "sealed"})).status_code == 403


async def test_without_a_key_of_its_own_a_deployment_serves_those_who_have_one(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """A deployment without a key says that one has to be brought, and by whom it was."""
    settings: dict[str, Any] = {"byok_enabled": True, "byok_keys": RING, "mistral_api_key": None}
    async with running(postgres, tmp_path, **settings) as world:
        config = PublicConfig.model_validate((await world.http.get("/api/config")).json())
        assert (config.enabled, config.realtime_enabled) == (True, True)
        assert config.own_keys == "required"
        assert config.languages
        async with world.signed_in(await world.stack.person("ada@example.com")) as http:
            told = problem(await http.post(PATH, files={"audio": speech}))
            assert (told.status, told.code) == (403, "own_key_required")
            assert "key of your own" in told.detail
            await store(http)
            assert (await http.post(PATH, files={"audio": speech})).status_code == 200
        async with world.signed_in(await world.stack.anonymous()) as http:
            told = problem(await http.post(PATH, files={"audio": speech}))
            assert (told.status, told.code) == (403, "own_key_required")
        assert bearers(world) == [OWN]


async def test_where_it_is_off_there_is_nothing(
    world: World, postgres: Postgres, tmp_path: Path
) -> None:
    """Unless it is switched on no key is taken, and none that was kept is used."""
    config = PublicConfig.model_validate((await world.http.get("/api/config")).json())
    assert config.own_keys == "offered"
    async with running(postgres, tmp_path) as off:
        config = PublicConfig.model_validate((await off.http.get("/api/config")).json())
        assert config.own_keys == "off"
        async with off.signed_in(await off.stack.person("ada@example.com")) as http:
            assert problem(await http.get(WHERE)).code == "not_found"
            assert (await http.put(WHERE, json={"key": OWN})).status_code in {404, 405}
        document = (await off.http.get("/api/openapi.json")).text
        assert "provider-key" not in document


async def test_an_own_key_makes_tokens_for_direct_mode(postgres: Postgres, tmp_path: Path) -> None:
    """Where clients talk to the provider by themselves, an own key makes the secret, and pays."""
    settings: dict[str, Any] = {
        "byok_enabled": True,
        "byok_keys": RING,
        "realtime_mode": "direct",
        "direct_mode_trusts": "own_keys",
    }
    token = "/api/transcriptions/realtime-token"
    async with running(postgres, tmp_path, **settings) as world:
        ada = await world.stack.person("ada@example.com")
        async with world.signed_in(ada) as http:
            assert problem(await http.post(token, json={})).code == "forbidden"
            await store(http)
            given = await http.post(token, json={})
            assert given.status_code == 200, given.text
            settle = f"{token}/{given.json()['session_id']}/settle"
            settled = await http.post(settle, json={"audio_seconds": 70})
            assert settled.json()["cost_microdollars"] == 0
            [row] = await world.usage_of(ada)
            assert (row["own_key"], row["direct"]) == (True, True)
            usage = Usage.model_validate((await http.get("/api/usage")).json())
            assert (usage.realtime.used_seconds, usage.realtime.own_key_seconds) == (0, 70)
            world.refused_keys.add(OWN)
            told = problem(await http.post(token, json={}))
            assert (told.code, told.status) == ("own_key_refused", 424)
            assert (await shown(http)).state == "refused"


async def rotate(world: World, *names: str) -> tuple[int | None, str, str]:
    """Run the command with a ring of these keys, or with none."""
    ring_of = {"BYOK_KEYS": ring_setting(*names)} if names else {}
    return await command(world, "rotate-keys", **ring_of)


async def test_the_ring_turns(postgres: Postgres, tmp_path: Path, speech: bytes) -> None:
    """Rotation seals every key anew, may be run again, and the old key of the ring may go."""
    (tmp_path / "old").mkdir()
    settings: dict[str, Any] = {"byok_enabled": True, "byok_keys": ring_setting("old")}
    async with running(postgres, tmp_path / "old", **settings) as world:
        ada = await world.stack.person("ada@example.com")
        async with world.signed_in(ada) as http:
            await store(http)
            for number in range(3):
                async with world.signed_in(
                    await world.stack.person(f"{number}@example.com")
                ) as other:
                    await store(other, f"{OTHER}{number}")
            before = await world.stack.execute("select * from public.own_keys order by id")

            status, out, err = await rotate(world, "new", "old")
            assert (status, out) == (0, "resealed: 4\nunreadable: 0\nleft: 0\n"), err
            after = await world.stack.execute("select * from public.own_keys order by id")
            assert {row["ring_key"] for row in before} == {"old"}
            assert {row["ring_key"] for row in after} == {"new"}
            assert not {row["sealed"] for row in before} & {row["sealed"] for row in after}
            assert OWN not in out + err
            status, out, _ = await rotate(world, "new", "old")
            assert (status, out) == (0, "resealed: 0\nunreadable: 0\nleft: 0\n")

            # The old ring opens nothing any more, the new one does, and nobody else's key helps.
            told = problem(await http.post(PATH, files={"audio": speech}))
            assert (told.status, told.code, told.retryable) == (503, "own_key_unreadable", False)
            assert (await shown(http)).state == "unreadable"
            assert problem(await http.post(f"{WHERE}/test")).code == "own_key_unreadable"
            assert bearers(world) == []
            keys = world.services.own_keys
            assert keys is not None
            keys._ring = ring("new")  # as after a restart
            assert (await http.post(PATH, files={"audio": speech})).status_code == 200
            assert bearers(world) == [OWN]

            status, out, err = await rotate(world, "newest")
            assert (status, out) == (1, "resealed: 0\nunreadable: 4\nleft: 0\n")
            assert "BYOK_KEYS lacks a key" in err
            status, _, err = await rotate(world)
            assert (status, err.strip()) == (1, "edge_functions: BYOK_KEYS is not set")


async def test_rotation_goes_in_batches(world: World, bob: Person) -> None:
    """However many there are, no call of the database takes more than its batch."""
    keys = world.services.own_keys
    assert keys is not None
    people = [await world.stack.person(f"batch-{n}-{bob.id}@example.com") for n in range(5)]
    for person in people:
        async with world.signed_in(person) as http:
            await store(http)
    rotated = await rotate_all(keys._rpc, ring("next", "2026a"), at_once=2)
    assert rotated.resealed >= 5
    assert (rotated.unreadable, rotated.left) == (0, 0)
    rows = await world.stack.execute("select distinct ring_key from public.own_keys")
    assert [row["ring_key"] for row in rows] == ["next"]
    back = await rotate_all(keys._rpc, ring("2026a", "next"), at_once=3)
    assert back.resealed == rotated.resealed


async def test_an_own_key_is_forgotten_with_its_account(
    world: World, http: httpx.AsyncClient, ada: Person
) -> None:
    """Erasing an account erases its key."""
    await store(http)
    assert (await http.delete("/api/account")).status_code == 204
    rows = await world.stack.execute("select id from public.own_keys where user_id = %s", ada.id)
    assert rows == []


async def test_a_deletion_holds_at_once(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """What is opened after the answer to a deletion is not done with the key."""
    await store(http)
    await http.post(PATH, files={"audio": speech})
    for _ in range(3):
        await store(http)
        await http.delete(WHERE)
        await http.post(PATH, files={"audio": speech})
    assert bearers(world) == [OWN, KEY, KEY, KEY]
