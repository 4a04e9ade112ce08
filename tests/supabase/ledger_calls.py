"""The ledger's functions with the arguments that most tests share."""

from typing import Any
from uuid import uuid4

from tests.database import Connection, Database

LIVE_MODEL = "voxtral-mini-transcribe-realtime-2602"
BATCH_MODEL = "voxtral-mini-2602"


async def open_live(
    database: Database,
    user: str,
    *,
    seconds: float = 300,
    connection: Connection | None = None,
    **given: Any,
) -> Any:
    """Open a live session of up to `seconds`."""
    arguments = {
        "session_id": str(uuid4()),
        "user_id": user,
        "kind": "realtime",
        "provider": "mistral",
        "model": LIVE_MODEL,
        "requested_seconds": seconds,
    }
    return await database.call("open_transcription", connection, **(arguments | given))


async def open_batch(
    database: Database, user: str, *, seconds: float, lease_seconds: int = 120, **given: Any
) -> Any:
    """Open a batch call for a file of `seconds`."""
    return await open_live(
        database,
        user,
        seconds=seconds,
        **{
            "kind": "batch",
            "model": BATCH_MODEL,
            "minimum_seconds": seconds,
            "lease_seconds": lease_seconds,
            **given,
        },
    )


async def touch(database: Database, session_id: str, audio_seconds: float) -> Any:
    """Send the heartbeat of one session and return its answer."""
    [answer] = await database.call(
        "touch_transcriptions", session_ids=[session_id], audio_seconds=[audio_seconds]
    )
    return answer


async def close(
    database: Database,
    session_id: str,
    audio_seconds: float,
    status: str = "complete",
    *,
    connection: Connection | None = None,
) -> Any:
    """Settle a session."""
    return await database.call(
        "close_transcription",
        connection,
        session_id=session_id,
        audio_seconds=audio_seconds,
        status=status,
    )


async def limit(
    database: Database, user: str, *, kind: str = "realtime", sessions: int = 10, seconds: int
) -> None:
    """Give a user limits of their own."""
    await database.query(
        "insert into ledger.user_limits (user_id, kind, sessions, seconds)"
        " values (%s, %s, %s, %s)"
        " on conflict (user_id, kind) do update"
        " set sessions = excluded.sessions, seconds = excluded.seconds",
        user,
        kind,
        sessions,
        seconds,
    )


async def claim(
    database: Database, user: str, *, connection: Connection | None = None, **given: Any
) -> Any:
    """Claim the key `k` for a request with the fingerprint `f`."""
    arguments = {
        "user_id": user,
        "key": "k",
        "fingerprint": "f",
        "claim": str(uuid4()),
        "hold_seconds": 60,
    }
    return await database.call("claim_idempotency_key", connection, **(arguments | given))
