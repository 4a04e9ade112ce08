"""What the ledger says to files: its refusals, and its absence."""

import httpx
import pytest

from tests.doubles.functions_away import functions_away
from tests.edge_functions.world import PATH, World, problem
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_work_that_is_done_is_answered_and_settled_later(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A ledger that is away at the end keeps nobody from their text, and gets its due."""
    with functions_away("close_transcription", "answer_idempotency_key") as away:
        headers = {"Idempotency-Key": "later"}
        response = await http.post(PATH, files={"audio": speech}, headers=headers)
        assert response.json()["text"] == "one two three"
        assert [row["status"] for row in await world.usage_of(ada)] == ["open"]
        away.names.remove("close_transcription")

        async def settled() -> bool:
            return [row["status"] for row in await world.usage_of(ada)] == ["complete"]

        await until(settled)
    # The key is still held: a second run would be charged twice.
    told = problem(await http.post(PATH, files={"audio": speech}, headers=headers))
    assert told.code == "request_in_progress"
    assert len(world.provider.requests) == 1
    await world.is_clean(ada)
