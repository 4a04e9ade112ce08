"""Laws of functions over HTTP."""

from typing import Any

import pytest
from postgrest import APIError

from tests.local_stack.world import World

UUID = "11111111-1111-4111-8111-111111111111"


RESULTS: list[tuple[str, dict[str, Any], Any]] = [
    ("add", {"a": 1}, 3),
    ("add", {"b": 5, "a": 1}, 6),
    ("none_given", {}, "here"),
    ("nil", {}, None),
    ("echo", {"value": {"deep": [1, None, "ü"]}}, {"deep": [1, None, "ü"]}),
    ("sum_of", {"ids": [UUID, UUID], "seconds": [1.5, 2]}, {"ids": 2, "seconds": 3.5}),
    ("names", {}, [{"name": "b"}, {"name": "a"}]),
    ("pairs", {}, [{"name": "b", "two words": 1}, {"name": "a", "two words": 2}]),
]


async def test_a_result_has_the_shape_of_the_signature(world: World) -> None:
    """One value comes bare, and the rows of a table as an array of objects."""
    person = await world.anonymous()
    for name, arguments, result in RESULTS:
        found = await person.client.rpc(name, arguments).execute()
        assert found.data == result, name


async def test_other_results_are_refused(world: World) -> None:
    """A function that returns nothing, a set of values or rows of a type is a part left out."""
    person = await world.anonymous()
    headers = {"Authorization": f"Bearer {await person.token()}"}
    for name, arguments in (
        ("nothing", {"a": 1}),
        ("numbers", {"upto": 3}),
        ("one_pair", {}),
        ("my_notes", {}),
    ):
        answer = await world.http.post(f"/rest/v1/rpc/{name}", json=arguments, headers=headers)
        assert answer.status_code == 501, name
        assert name in answer.json()["message"]


async def test_a_function_knows_who_calls(world: World) -> None:
    """Role, claims and the request's line are settings of the transaction."""
    person = await world.person("ada@example.com")
    known = (await person.client.rpc("caller").execute()).data
    assert known == {
        "role": "authenticated",
        "uid": person.id,
        "email": "ada@example.com",
        "method": "POST",
        "path": "/rpc/caller",
    }
    nobody: Any = (await (await world.client()).rpc("caller").execute()).data
    assert (nobody["role"], nobody["uid"]) == ("anon", None)
    service: Any = (await (await world.service()).rpc("caller").execute()).data
    assert service["role"] == "service_role"


async def test_a_function_of_the_service_is_refused_to_others(world: World) -> None:
    """Execute is granted by role: 401 signed out, 403 signed in."""
    assert (await (await world.service()).rpc("secret").execute()).data == 42
    person = await world.anonymous()
    headers = {"Authorization": f"Bearer {await person.token()}"}
    signed_in = await world.http.post("/rest/v1/rpc/secret", headers=headers)
    assert (signed_in.status_code, signed_in.json()["code"]) == (403, "42501")
    assert (await world.http.post("/rest/v1/rpc/secret")).status_code == 401


async def test_rows_of_a_function_come_all(world: World) -> None:
    """Filters, order, limit and single do not work on what a function returns."""
    client = await world.client()
    for query in (
        client.rpc("pairs").select("name"),
        client.rpc("pairs").order("name"),
        client.rpc("pairs").limit(1),
        client.rpc("pairs").eq("name", "b"),
        client.rpc("pairs").single(),
    ):
        with pytest.raises(APIError) as refused:
            await query.execute()
        assert "does not support" in str(refused.value.message)


FAILURES: list[tuple[str, dict[str, Any], int, str]] = [
    ("no_such_function", {}, 404, "PGRST202"),
    ("add", {}, 404, "PGRST202"),
    ("add", {"a": 1, "c": 2}, 404, "PGRST202"),
    ("twice", {"a": 1}, 501, "not_implemented"),
    ("add", {"a": "one"}, 400, "22P02"),
    ("fail", {"code": "P0001"}, 400, "P0001"),
    ("fail", {"code": "PT429"}, 429, "PT429"),
    ("fail", {"code": "23505"}, 409, "23505"),
    ("fail", {"code": "53400"}, 503, "53400"),
]


async def test_a_call_that_fails_says_why(world: World) -> None:
    """Unknown and ambiguous functions are told apart from those that raise."""
    for name, arguments, status, code in FAILURES:
        answer = await world.http.post(f"/rest/v1/rpc/{name}", json=arguments)
        assert (answer.status_code, answer.json()["code"]) == (status, code), name
        if name == "fail":
            assert answer.json()["message"] == f"no {code}"
            assert (answer.json()["details"], answer.json()["hint"]) == ("because", "do not")


async def test_arguments_that_are_no_object_are_refused(world: World) -> None:
    """Broken JSON is a client's fault; a bare value is a part that is left out."""
    broken = await world.http.post("/rest/v1/rpc/add", content="{")
    assert (broken.status_code, broken.json()["code"]) == (400, "PGRST102")
    assert (await world.http.post("/rest/v1/rpc/add", content="[1]")).status_code == 501


async def test_filters_on_a_single_value_are_told_with_501(world: World) -> None:
    """A bare value has no columns to filter by."""
    answer = await world.http.post("/rest/v1/rpc/add?limit=1", json={"a": 1})
    assert answer.status_code == 501
