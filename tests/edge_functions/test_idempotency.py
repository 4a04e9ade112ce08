"""Turns of requests with an `Idempotency-Key`."""

import pytest

from edge_functions.idempotency import Answered, Idempotency
from tests.database import Database
from tests.gateway import Gateway
from transcription.errors import InvalidMessage, RequestInProgress
from transcription.identity.verifier import User


async def test_life_of_a_key(database: Database, gateway: Gateway) -> None:
    """A key is claimed once, holds others off, keeps its answer, and is bound to its request."""
    user = User(await database.user(), False, None, 0.0)
    kept = Answered(201, {"voice_id": "v", "n": [1, None]})
    async with gateway.rpc() as rpc:
        keys = Idempotency(rpc, hold_seconds=60)
        async with keys.turn(user, "k", "clone") as first:
            assert first.answered is None
            with pytest.raises(RequestInProgress) as waiting:
                async with keys.turn(user, "k", "clone"):
                    raise AssertionError
            assert waiting.value.retry_after == 2.0
            with pytest.raises(InvalidMessage, match="used for another request"):
                async with keys.turn(user, "k", "transcription"):
                    raise AssertionError
        # The first kept nothing, which freed the key.
        async with keys.turn(user, "k", "clone") as second:
            assert second.answered is None
            second.keep(kept.status, kept.answer)
        for _ in range(2):
            async with keys.turn(user, "k", "clone") as again:
                assert again.answered == kept


async def test_a_turn_that_was_taken_over_keeps_nothing(
    database: Database, gateway: Gateway
) -> None:
    """A request that outlived its hold neither answers nor frees the key of the one after it."""
    user = User(await database.user(), False, None, 0.0)
    async with gateway.rpc() as rpc:
        keys = Idempotency(rpc, hold_seconds=60)
        async with keys.turn(user, "k", "clone") as late:
            await database.pass_time(61)
            async with keys.turn(user, "k", "clone") as heir:
                heir.keep(201, "heir")
            late.keep(500, "late")
        async with keys.turn(user, "k", "clone") as again:
            assert again.answered == Answered(201, "heir")
