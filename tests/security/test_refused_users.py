"""Users with nothing left, who try again and again."""

import asyncio
import json
from pathlib import Path
from typing import Final

from local_stack.postgres import Postgres
from local_stack.provider import Script
from tests.security.services import services
from tests.ws_bridge.world import START

TRIES: Final = 60


async def test_users_with_nothing_left_open_no_paid_sockets(
    postgres: Postgres, tmp_path: Path
) -> None:
    """A user with no seconds left is told so, opens next to no sockets, and holds no place."""
    async with services(postgres, tmp_path, Script(text="one")) as running:
        poor = await running.stack.person("poor@example.com")
        honest = await running.stack.person("honest@example.com")
        await running.stack.execute(
            "insert into ledger.user_limits values (%s, 'realtime', 5, 0)", poor.id
        )
        start = {**START, "access_token": await poor.token()}

        async def try_again() -> None:
            for _ in range(TRIES // 6):
                await running.say(start)

        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(try_again())
            for _ in range(5):
                await running.say({**START, "access_token": await honest.token()}, {"type": "stop"})
        told = [json.loads(message) for message in running.messages]
        finals = [one for one in told if one["type"] == "final"]
        assert [one["status"] for one in finals] == ["complete"] * 5
        errors = [one for one in told if one["type"] == "error"]
        assert {one["code"] for one in errors} == {"quota_exceeded"}
        assert len(errors) == TRIES
        assert all(one["retry_after"] > 0 for one in errors)
        # The first six come at once, before any of them was refused.
        assert len(running.provider.sessions) <= 5 + 6
    lines = [log for log in running.bridge.logs if log["event"] == "transcription"]
    assert len(lines) == TRIES + 5
