"""What callers who have not signed in can write into the logs of the running services."""

import asyncio
from pathlib import Path
from typing import Final

from local_stack.postgres import Postgres
from local_stack.provider import Script
from tests.security.services import services
from tests.ws_bridge.world import START
from transcription.process.logs import STRANGERS_PER_MINUTE

TIMES: Final = 30
SENT: Final = (
    b"GET //[ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/config HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    b"GET /api/config HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    b"nonsense\r\n\r\n",
)


async def ask(port: int, sent: bytes) -> bytes:
    """Send bytes, and return what comes back at first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(4096), 10)
    writer.close()
    return answer


async def test_strangers_write_a_bounded_number_of_lines(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Malformed requests leave no line and no 500, and bad tokens leave so many in a minute."""
    async with services(postgres, tmp_path, Script()) as running:
        port = running.http.base_url.port
        assert port is not None
        before = len(running.lines)
        for where in (port, running.bridge_port):
            for sent in SENT:
                answers = {await ask(where, sent) for _ in range(TIMES)}
                assert not any(b" 500 " in answer for answer in answers), sent
        assert running.lines[before:] == []

        bad = {**START, "access_token": "nonsense"}
        for _ in range(STRANGERS_PER_MINUTE + TIMES):
            await running.say(bad)
        counted = (await running.http.get(running.metrics_urls[1])).text
        every = STRANGERS_PER_MINUTE + TIMES
        assert f'utter_errors_total{{code="unauthenticated",kind="realtime"}} {every}.0' in counted
    # Both have ended: what they wrote is complete.
    told = [log for log in running.bridge.logs if log["event"] == "transcription"]
    assert STRANGERS_PER_MINUTE <= len(told) <= 2 * STRANGERS_PER_MINUTE
    faults = [log for log in running.bridge.logs if log["level"] in {"error", "warning"}]
    assert {log["event"] for log in faults} <= {"lines_held_back"}
