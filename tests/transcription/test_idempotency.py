from tests.database import Database
from tests.gateway import Gateway
from transcription.idempotency import Answered, Claimed, IdempotencyKeys, InProgress, Mismatch
from transcription.identity.verifier import User


async def test_life_of_a_key(database: Database, gateway: Gateway) -> None:
    """A key is claimed once, holds others off, keeps its answer, and is bound to its request."""
    user = User(await database.user(), False, None, 0.0)
    async with gateway.rpc() as rpc:
        keys = IdempotencyKeys(rpc)

        async def claim(fingerprint: str = "clone") -> Claimed | Answered | InProgress | Mismatch:
            return await keys.claim(user, "k", fingerprint=fingerprint, hold_seconds=60)

        first = await claim()
        assert isinstance(first, Claimed)
        assert await claim() == InProgress(60.0)
        assert await claim("transcription") == Mismatch()
        assert await keys.release(first) is True
        second = await claim()
        assert isinstance(second, Claimed)
        assert await keys.answer(first, status=500, answer={}) is False
        assert await keys.answer(second, status=201, answer={"voice_id": "v", "n": [1, None]})
        assert await claim() == Answered(201, {"voice_id": "v", "n": [1, None]})
        assert await keys.release(second) is False
