"""What callers are told while Supabase does not answer, and that nothing is lost by it."""

from uuid import uuid4

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from local_stack.provider import BatchScript, Script
from tests.contract.world import Target
from tests.edge_functions.world import PATH, problem
from tests.local_stack.world import WAV, Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAULTS = [
    Response("<html>at db.host</html>", 503),
    JSONResponse({"message": "at db.host", "code": "XX000"}, 500),
]
RPC = "/rest/v1/rpc/"


@pytest.mark.parametrize("fault", FAULTS, ids=["503", "500"])
async def test_supabase_away_is_told(
    target: Target, http: httpx.AsyncClient, fault: Response
) -> None:
    """While the database does not answer, callers are asked to come again."""
    with target.relay.failing("/rest/v1/", fault):
        for path, code in (
            ("/api/voices", "backend_unavailable"),
            (f"/api/voices/{uuid4()}", "backend_unavailable"),
            ("/api/usage", "ledger_unavailable"),
        ):
            response = await http.get(path)
            told = problem(response)
            assert (told.status, told.code, told.retryable) == (503, code, True)
            assert told.retry_after is not None
            assert "db.host" not in response.text


@pytest.mark.parametrize(
    ("function", "code"),
    [
        ("open_transcription", "ledger_unavailable"),
        ("claim_idempotency_key", "backend_unavailable"),
    ],
)
async def test_without_the_ledger_nothing_is_begun(
    *, target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, function: str, code: str
) -> None:
    """What cannot be reserved or claimed is not sent to the provider."""
    with target.relay.failing(RPC + function, Response(status_code=503)):
        told = problem(
            await http.post(
                PATH, files={"audio": speech}, headers={"Idempotency-Key": "while-away"}
            )
        )
    assert (told.status, told.code, told.retryable) == (503, code, True)
    assert target.provider.requests == []
    await target.has_nothing_of(ada)
    again = await http.post(
        PATH, files={"audio": speech}, headers={"Idempotency-Key": "while-away"}
    )
    assert again.status_code == 200, again.text


@pytest.mark.parametrize("status", [200, 422])
async def test_a_settlement_is_told_again(
    *, target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, status: int
) -> None:
    """A ledger that is away at the end takes the settlement when it is back."""
    target.engine.script = Script(text="one", batch=BatchScript(status=status))
    with target.relay.failing(RPC + "close_transcription", Response(status_code=503)):
        response = await http.post(PATH, files={"audio": speech})
        assert response.status_code == (200 if status == 200 else 502)
        assert [row["status"] for row in await target.usage_of(ada)] == ["open"]

    async def settled() -> bool:
        return [row["status"] for row in await target.usage_of(ada)] != ["open"]

    await until(settled)
    [row] = await target.usage_of(ada)
    assert row["charged"] == (4.0 if status == 200 else 0.0)
    await target.has_nothing_of(ada)


@pytest.mark.parametrize("fault", FAULTS, ids=["503", "500"])
async def test_storage_away_is_told(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes, fault: Response
) -> None:
    """A take that cannot be fetched now is not lost, and nothing is reserved for it."""
    await ada.files.upload(ada.take("one.wav"), speech, WAV)
    with target.relay.failing("/storage/v1/", fault):
        response = await http.post(PATH, json={"storage_path": ada.take("one.wav")})
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (503, "backend_unavailable", True)
    assert "db.host" not in response.text
    assert target.provider.requests == []
    assert await target.usage_of(ada) == []
    await target.has_nothing_of(ada, objects=[ada.take("one.wav")])
