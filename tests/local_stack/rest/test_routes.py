"""Laws of tables over HTTP."""

import asyncio
from typing import Any

import httpx
import jwt
import pytest
from postgrest import APIError, CountMethod, ReturnMethod

from local_stack.signing_keys import SigningKeys
from tests.local_stack.world import World


async def test_two_people_never_see_each_other(world: World) -> None:
    """Reading, changing and deleting reach one's own rows alone, also by another's key."""
    ada, eve = await world.person("ada@example.com"), await world.person("eve@example.com")
    await ada.client.table("notes").insert({"title": "mine"}).execute()
    assert (await eve.client.table("notes").select("*").execute()).data == []
    changed = (
        await eve.client.table("notes").update({"title": "hers"}).eq("owner", ada.id).execute()
    )
    assert changed.data == []
    assert (await eve.client.table("notes").delete().eq("owner", ada.id).execute()).data == []
    with pytest.raises(APIError) as refused:
        await eve.client.table("notes").insert({"title": "hers", "owner": ada.id}).execute()
    assert refused.value.code == "42501"
    [note] = (await ada.client.table("notes").select("title,owner").execute()).data
    assert note == {"title": "mine", "owner": ada.id}


async def test_roles_do_not_leak_between_requests(world: World) -> None:
    """Many people at once on few connections: each sees their own rows in every answer."""
    people = [await world.anonymous() for _ in range(4)]
    for person in people:
        await person.client.table("notes").insert({"title": person.id}).execute()

    async def own_titles(person: Any) -> list[Any]:
        found = await person.client.table("notes").select("title").execute()
        return [row["title"] for row in found.data]

    for titles, person in zip(
        await asyncio.gather(*(own_titles(person) for person in people * 10)),
        people * 10,
        strict=True,
    ):
        assert titles == [person.id]


async def test_who_is_signed_out_is_refused_by_the_grants(world: World) -> None:
    """The publishable key alone is the role `anon`, which a revoke keeps out with 401."""
    answer = await world.http.get("/rest/v1/notes")
    assert answer.status_code == 401
    assert answer.json()["code"] == "42501"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_secret_key_stands_above_policies(world: World) -> None:
    """The service sees every row."""
    for email in ("ada@example.com", "eve@example.com"):
        person = await world.person(email)
        await person.client.table("notes").insert({"title": "t"}).execute()
    service = await world.service()
    assert len((await service.table("notes").select("*").execute()).data) == 2


async def test_a_service_key_with_a_persons_token_is_that_person(world: World) -> None:
    """The token decides, not the key that opens the gateway."""
    ada, eve = await world.anonymous(), await world.anonymous()
    await eve.client.table("notes").insert({"title": "hers"}).execute()
    answer = await world.http.get(
        "/rest/v1/notes",
        headers={
            "apikey": world.supabase.keys.secret,
            "Authorization": f"Bearer {await ada.token()}",
        },
    )
    assert answer.json() == []


async def test_filters_order_and_limit_choose_the_rows(world: World) -> None:
    """Values and lists of values are understood, and are never SQL."""
    notes = (await world.anonymous()).client.table("notes")
    rows = [
        {"title": "a", "score": 1, "pinned": True},
        {"title": "b", "score": 2.5, "pinned": False},
        {"title": "c, (d) \"e\" \\ 'f' %s", "score": 3, "pinned": None},
    ]
    for row in rows:
        await notes.insert(row).execute()

    async def titles(query: Any) -> list[str]:
        return [row["title"] for row in (await query.execute()).data]

    def select() -> Any:
        return notes.select("title").order("title")

    everything = [row["title"] for row in rows]
    assert await titles(select()) == everything
    assert await titles(select().eq("title", rows[2]["title"])) == everything[2:]
    assert await titles(select().in_("title", [rows[2]["title"], "a"])) == [
        everything[0],
        everything[2],
    ]
    assert await titles(select().in_("title", [])) == []
    assert await titles(select().eq("pinned", True)) == everything[:1]
    assert await titles(select().eq("pinned", False).eq("score", 2.5)) == everything[1:2]
    assert await titles(select().lt("score", 2.5)) == everything[:1]
    assert await titles(select().eq("title", "x' or true --")) == []
    assert await titles(notes.select("title").order("score", desc=True).limit(1)) == everything[2:]
    by_pin = notes.select("title").order("pinned").order("title")
    assert await titles(by_pin) == [everything[1], everything[0], everything[2]]


async def test_columns_may_be_chosen(world: World) -> None:
    """An answer holds the columns that were asked for."""
    notes = (await world.anonymous()).client.table("notes")
    await notes.insert({"title": "a", "tags": ["x", "y z"]}).execute()
    found = await notes.select("title", "tags").execute()
    assert found.data == [{"title": "a", "tags": ["x", "y z"]}]


async def test_a_column_with_odd_characters_is_a_name_and_nothing_else(world: World) -> None:
    """Quotes, per cent signs and spaces in a name reach Postgres as a name."""
    await world.execute('alter table public.notes add column "a %s ""b""" int')
    notes = (await world.anonymous()).client.table("notes")
    await notes.insert({"title": "t", 'a %s "b"': 7}).execute()
    found = await notes.select("title").eq('a %s "b"', 7).execute()
    assert found.data == [{"title": "t"}]
    answer = await world.http.get("/rest/v1/notes%22%3B%20drop%20table%20notes")
    assert answer.status_code == 404


async def test_single_wants_exactly_one_row(world: World) -> None:
    """One row comes as an object; none or two are an error that undoes the write."""
    notes = (await world.anonymous()).client.table("notes")
    for title in "ab":
        await notes.insert({"title": title}).execute()
    assert (await notes.select("title").eq("title", "a").single().execute()).data == {"title": "a"}
    assert await notes.select("title").eq("title", "z").maybe_single().execute() is None
    for query in (notes.select("title"), notes.select("title").eq("title", "z")):
        with pytest.raises(APIError) as refused:
            await query.single().execute()
        assert refused.value.code == "PGRST116"
    with pytest.raises(APIError):
        await notes.update({"score": 1}).in_("title", ["a", "b"]).single().execute()
    assert (await notes.select("title").eq("score", 1).execute()).data == []


async def test_writes_answer_with_rows_or_with_nothing(world: World) -> None:
    """`return=minimal` shows nothing and needs no right to read; representation shows the rows."""
    person = await world.anonymous()
    notes = person.client.table("notes")
    assert (await notes.insert({"title": "a"}, returning=ReturnMethod.minimal).execute()).data == []
    changed = await notes.update({"score": 9}).eq("title", "a").select("score").execute()
    assert changed.data == [{"score": 9}]
    await world.execute("revoke select on public.notes from authenticated")
    await notes.insert({"title": "b"}, returning=ReturnMethod.minimal).execute()
    with pytest.raises(APIError) as refused:
        await notes.insert({"title": "c"}).execute()
    assert refused.value.code == "42501"


async def test_one_request_writes_one_row(world: World) -> None:
    """Several rows in one body are a part that is left out."""
    notes = (await world.anonymous()).client.table("notes")
    with pytest.raises(APIError) as refused:
        await notes.insert([{"title": "a", "score": 1}, {"title": "b", "pinned": True}]).execute()
    assert "does not support" in str(refused.value.message)
    assert (await notes.select("title").execute()).data == []


async def test_an_upsert_is_refused(world: World) -> None:
    """What to do on a conflict is a part that is left out: nothing is written."""
    person = await world.anonymous()
    notes = person.client.table("notes")
    await notes.insert({"id": 7, "title": "a", "score": 1}).execute()
    same = {"owner": person.id, "title": "a", "score": 3}
    for query in (
        notes.upsert({"id": 7, "title": "a", "score": 2}),
        notes.upsert(same, on_conflict="owner,title"),
        notes.upsert(same, on_conflict="owner,title", ignore_duplicates=True),
    ):
        with pytest.raises(APIError) as refused:
            await query.execute()
        assert "does not support" in str(refused.value.message)
    assert (await notes.select("score").execute()).data == [{"score": 1}]


async def test_numbers_keep_every_digit(world: World) -> None:
    """What a client sends as a number is what Postgres stores, beyond a float's precision."""
    person = await world.anonymous()
    answer = await world.http.post(
        "/rest/v1/notes",
        content='{"title": "pi", "score": 3.14159265358979323846}',
        headers={"Authorization": f"Bearer {await person.token()}", "Prefer": "return=minimal"},
    )
    assert answer.status_code == 201
    [row] = await world.execute("select score::text from public.notes")
    assert row["score"] == "3.14159265358979323846"


async def test_a_write_without_a_filter_is_refused(world: World) -> None:
    """Nobody changes or deletes every row by forgetting a filter."""
    notes = (await world.anonymous()).client.table("notes")
    await notes.insert({"title": "a"}).execute()
    for query in (notes.delete(), notes.update({"score": 1})):
        with pytest.raises(APIError) as refused:
            await query.execute()
        assert refused.value.code == "21000"
    assert (await notes.select("score").execute()).data == [{"score": None}]


async def test_counting_is_refused(world: World) -> None:
    """How many rows match is a part that is left out, whatever else is asked for."""
    notes = (await world.anonymous()).client.table("notes")
    await notes.insert({"title": "a"}).execute()
    for head in (False, True):
        with pytest.raises(APIError) as refused:
            await notes.select("title", count=CountMethod.exact, head=head).execute()
        assert refused.value.code in {"not_implemented", "501", 501}


async def test_no_answer_is_longer_than_the_project_allows(world: World) -> None:
    """A thousand rows are the most, even when more were asked for."""
    service = await world.service()
    person = await world.anonymous()
    await world.execute(
        "insert into public.notes (owner, title) select %s, n from generate_series(1, 1005) as n",
        person.id,
    )
    for limit in (None, 5000):
        query = service.table("notes").select("id")
        found = await (query.limit(limit) if limit else query).execute()
        assert len(found.data) == 1000


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"title": None}, 400, "23502"),
    ({"title": "t", "score": "many"}, 400, "22P02"),
    ({"title": "t", "owner": "11111111-1111-4111-8111-111111111111"}, 403, "42501"),
    ({"title": "twice"}, 409, "23505"),
    ({"title": "t", "no_such_column": 1}, 400, "42703"),
]


async def test_what_postgres_refuses_comes_in_postgrests_shape(world: World) -> None:
    """Every refusal has code, message, details and hint, and the HTTP status of its SQLSTATE."""
    person = await world.anonymous()
    await person.client.table("notes").insert({"title": "twice"}).execute()
    headers = {"Authorization": f"Bearer {await person.token()}"}
    for row, status, code in REFUSED:
        answer = await world.http.post("/rest/v1/notes", json=row, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), row
        assert answer.json().keys() == {"code", "message", "details", "hint"}


async def test_tables_that_are_not_there_or_not_public_are_not_found(world: World) -> None:
    """Only the schema `public` is exposed; `auth` is out of reach even for the secret key."""
    service = await world.service()
    with pytest.raises(APIError) as refused:
        await service.table("no_such_table").select("*").execute()
    assert refused.value.code == "42P01"
    with pytest.raises(APIError) as hidden:
        await service.schema("auth").table("users").select("*").execute()
    assert hidden.value.code == "PGRST106"


async def test_a_reading_request_writes_nothing(world: World) -> None:
    """A GET runs read-only, so that no function behind a view can write for it."""
    await world.execute(
        "create function public.trick() returns int language sql security definer as $$ "
        "insert into public.notes (owner, title) select id, 'trick' from auth.users returning 1 $$;"
        "create view public.tricky as select public.trick();"
        "grant select on public.tricky to authenticated;"
        "grant execute on function public.trick() to authenticated"
    )
    person = await world.anonymous()
    with pytest.raises(APIError) as refused:
        await person.client.table("tricky").select("*").execute()
    assert refused.value.code == "25006"
    assert await world.execute("select from public.notes") == []


async def test_an_expired_or_forged_token_is_told_apart(world: World) -> None:
    """REST answers 401 and says whether a refresh would help."""
    person = await world.anonymous()
    keys = SigningKeys(world.data_dir.signing_keys)
    claims = jwt.decode(await person.token(), options={"verify_signature": False})

    async def read(token: str) -> httpx.Response:
        return await world.http.get("/rest/v1/notes", headers={"Authorization": f"Bearer {token}"})

    expired = await read(keys.sign({**claims, "exp": 1}))
    assert (expired.status_code, expired.json()["code"]) == (401, "PGRST303")
    forged = await read((await person.token())[:-8] + "AAAAAAAA")
    assert (forged.status_code, forged.json()["code"]) == (401, "PGRST301")
    superuser = await read(keys.sign({**claims, "role": "supabase_admin"}))
    assert superuser.status_code == 401
    other_key = await read(world.supabase.keys.secret)
    assert other_key.status_code == 401  # a key is a bearer only where it equals `apikey`


LEFT_OUT: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "notes?select=*,users(*)", {}),
    ("GET", "notes?select=title::text", {}),
    ("GET", "notes?select=name:title", {}),
    ("GET", "notes?title=neq.a", {}),
    ("GET", "notes?score=gte.1", {}),
    ("GET", "notes?pinned=is.null", {}),
    ("GET", "notes?order=title.desc.nullslast", {}),
    ("GET", "notes?offset=1", {}),
    ("GET", "notes", {"Prefer": "count=exact"}),
    ("GET", "notes?select=score.sum()", {}),
    ("GET", "notes?title=like.a*", {}),
    ("GET", "notes?title=not.eq.a", {}),
    ("GET", "notes?or=(title.eq.a,title.eq.b)", {}),
    ("GET", "notes?tags=cs.{a}", {}),
    ("GET", "notes", {"Accept": "text/csv"}),
    ("GET", "notes", {"Prefer": "count=estimated"}),
    ("GET", "notes", {"Range": "0-9"}),
    ("PATCH", "notes?title=eq.a&limit=1", {}),
    ("POST", "notes", {"Content-Type": "text/csv"}),
    ("PATCH", "notes?title=eq.a&order=title", {}),
    ("POST", "notes", {"Prefer": "count=exact"}),
    ("POST", "notes", {"Prefer": "missing=default"}),
    ("POST", "notes?columns=title", {}),
    ("POST", "notes?title=eq.a", {}),
    ("POST", "rpc/none_given", {"Prefer": "count=exact"}),
    ("PUT", "notes?id=eq.1", {}),
    ("GET", "", {}),
    ("GET", "rpc/add?a=1", {}),
]


async def test_what_rest_leaves_out_is_told_with_501(world: World) -> None:
    """A part of PostgREST that is missing is named, and never answered wrongly."""
    for method, path, headers in LEFT_OUT:
        answer = await world.http.request(
            method,
            f"/rest/v1/{path}",
            headers=headers,
            content='{"title": "t"}' if method != "GET" else None,
        )
        assert answer.status_code == 501, answer.text
        assert "does not support" in answer.json()["message"]


NO_QUERIES = [
    "title=a",
    "title=frobs.a",
    "limit=-1",
    "limit=x",
    "title=in.a,b",
    "title=in.(a",
]


async def test_what_is_no_query_is_refused(world: World) -> None:
    """A filter or limit that the grammar does not have is a client's fault."""
    for query in NO_QUERIES:
        answer = await world.http.get(f"/rest/v1/notes?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "PGRST100")


NO_ROWS = [
    ("", 400),
    ("{", 400),
    ('{"\\ud800": 1}', 400),
    ("[" * 200_000, 400),
    ("[1]", 501),
    ('"text"', 501),
    ("{}", 501),
    ('[{"title": "a"}]', 501),
]


async def test_a_body_that_is_no_row_is_refused(world: World) -> None:
    """A write wants one object: what is no JSON is wrong, and other JSON is not supported."""
    person = await world.anonymous()
    headers = {"Authorization": f"Bearer {await person.token()}"}
    for body, status in NO_ROWS:
        answer = await world.http.post("/rest/v1/notes", content=body, headers=headers)
        code = "PGRST102" if status == 400 else "not_implemented"
        assert (answer.status_code, answer.json()["code"]) == (status, code), body


async def test_a_nul_character_is_a_clients_fault(world: World) -> None:
    """What Postgres cannot hold in text is refused as such, not as an outage."""
    answer = await world.http.get("/rest/v1/notes?title=eq.%00")
    assert answer.status_code == 400
