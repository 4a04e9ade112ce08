"""What `make run` starts."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from local_stack.provider import ScriptedEngine, serve
from shared_schema.base import REALTIME_PATH
from shared_schema.errors import ErrorCode
from tests.doubles.project import serve_project
from tests.ws_bridge.process import environment
from tests.ws_bridge.world import SILENCE, Line, plain_http

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
PORTS_FREE = {"FUNCTIONS_PORT": "0", "FUNCTIONS_METRICS_PORT": "0"}


async def _logged(output: asyncio.StreamReader, process: str, event: str) -> dict[str, Any]:
    """Read on until one of the processes logs an event, and return that line."""
    async for raw in output:
        found = re.search(rf"{process}\.1 +\| ({{.*}})$", raw.decode().rstrip())
        if found and (line := json.loads(found[1]))["event"] == event:
            return dict(line)
    raise AssertionError(f"{process} never logged {event}")


async def test_both_services_run_by_their_settings_and_end_in_peace(tmp_path: Path) -> None:
    """`.env` is enough for both; at Ctrl-C a session gets its final, and both end by themselves."""
    async with (
        serve_project() as project,
        serve(ScriptedEngine(), host="127.0.0.1", port=0) as provider,
        plain_http() as http,
    ):
        settings = environment(project.issuer.url, provider.url, **PORTS_FREE)
        path = settings.pop("PATH")
        env_file = tmp_path / ".env"
        env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        honcho = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("honcho"), "--no-colour"),
            *("-d", ROOT, "-f", ROOT / "Procfile", "-e", env_file, "start"),
            env={"PATH": path},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert honcho.stdout is not None
        try:
            async with asyncio.timeout(50):
                bridge = await _logged(honcho.stdout, "bridge", "listening")
                functions = await _logged(honcho.stdout, "functions", "ready")
                assert functions["level"] == "info"
                url = f"ws://127.0.0.1:{bridge['port']}{REALTIME_PATH}"
                async with Line(url, project.issuer, http).session() as talk:
                    await talk.send(SILENCE)
                    honcho.send_signal(signal.SIGINT)
                    assert (await talk.next("notice"))["code"] == "draining"
                    (await talk.ended()).failed(ErrorCode.DRAINING)
                rest = (await honcho.stdout.read()).decode()
                assert await honcho.wait() == 130
        finally:
            if honcho.returncode is None:
                honcho.terminate()  # it takes its children along
                await honcho.wait()
    assert {"bridge.1 stopped (rc=0)", "functions.1 stopped (rc=0)"} <= set(
        re.findall(r"\w+\.1 stopped \(rc=-?\d+\)", rest)
    )
    assert len(project.closed) == 1
