"""`/api/voices`: everyone sees, hears and deletes their own."""

from uuid import uuid4

import httpx
import pytest
import respx

from tests.doubles.functions_away import functions_away
from tests.edge_functions.world import World, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIELDS = {"name": "Ada", "transcript": "The words that are spoken.", "language": "auto"}


async def clone(http: httpx.AsyncClient, speech: bytes, **fields: str) -> str:
    """Store a voice and return its id."""
    response = await http.post("/api/clone", data={**FIELDS, **fields}, files={"audio": speech})
    assert response.status_code == 201, response.text
    return str(response.json()["voice_id"])


async def test_supabase_away_is_told(world: World, http: httpx.AsyncClient) -> None:
    """While the database does not answer, callers are asked to come again."""
    for failure in (httpx.ConnectError("no"), httpx.Response(500, json={"message": "at db.host"})):
        with (
            respx.mock(assert_all_called=False) as router,
            functions_away("usage_today"),
        ):
            router.route(host="127.0.0.1", port=world.port).pass_through()
            route = router.route(url__startswith=world.stack.supabase.url)
            if isinstance(failure, httpx.Response):
                route.mock(return_value=failure)
            else:
                route.mock(side_effect=failure)
            for path, code in (
                ("/api/voices", "backend_unavailable"),
                (f"/api/voices/{uuid4()}", "backend_unavailable"),
                ("/api/usage", "ledger_unavailable"),
            ):
                response = await http.get(path)
                told = problem(response)
                assert (told.status, told.code) == (503, code)
                assert told.retry_after is not None
                assert "db.host" not in response.text
