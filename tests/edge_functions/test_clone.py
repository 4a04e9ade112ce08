"""`POST /api/clone`: a recording and its transcript become a voice, whole or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import respx

from tests.edge_functions.world import World, half_an_upload, problem
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/api/clone"
FIELDS = {"name": "Ada", "transcript": "The words that are spoken.", "language": "English"}


@asynccontextmanager
async def broken(world: World, method: str, path: str, **mock: Any) -> AsyncIterator[None]:
    """Break one kind of call to Supabase."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        router.request(method, url__startswith=f"{world.stack.supabase.url}{path}").mock(**mock)
        router.route(url__startswith=world.stack.supabase.url).pass_through()
        yield


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rest/v1/voices"),
        ("POST", "/storage/v1/object/reference-audio/"),
        ("PATCH", "/rest/v1/voices"),
    ],
    ids=["row", "recording", "ready"],
)
@pytest.mark.parametrize(
    "mock",
    [
        {"side_effect": httpx.ReadTimeout("slow")},
        {"return_value": httpx.Response(503, text="<html>upstream</html>")},
        {"return_value": httpx.Response(500, json={"message": "secret", "code": "XX000"})},
    ],
    ids=["timeout", "503", "500"],
)
async def test_a_failure_on_the_way_leaves_nothing(
    *,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    method: str,
    path: str,
    mock: dict[str, Any],
) -> None:
    """Whichever step fails, neither row nor recording stays, and the key is free again."""
    key = {"Idempotency-Key": "again"}
    async with broken(world, method, path, **mock):
        response = await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key)
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (503, "backend_unavailable", True)
    assert "secret" not in response.text
    await world.is_clean(ada)
    again = await http.post(PATH, data=FIELDS, files={"audio": speech}, headers=key)
    assert again.status_code == 201, again.text


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(world: World, ada: Person) -> None:
    """Half an upload is removed when its sender is gone."""
    writer = await half_an_upload(world.port, await ada.token(), PATH)
    await until(lambda: len(world.files()) == 1)
    writer.transport.abort()
    await world.is_clean(ada)
