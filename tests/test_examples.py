"""The examples do what they say."""

import asyncio
import sys
from pathlib import Path

from local_stack.postgres import Postgres
from local_stack.provider import Script, ScriptedEngine
from tests.client.real_bridge import real_bridge
from tests.database import postgres, postgres_binaries

__all__ = ["postgres", "postgres_binaries"]

ROOT = Path(__file__).parent.parent
SHORT = ROOT / "local_stack" / "samples" / "short.wav"


async def test_live(postgres: Postgres, tmp_path: Path) -> None:
    """`examples/live.py` prints the words while they come, and the whole."""
    async with real_bridge(
        postgres, ScriptedEngine(Script(text="one two three")), tmp_path
    ) as bridge:
        await bridge.start()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            ROOT / "examples" / "live.py",
            SHORT,
            env=bridge.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0
    said = ["one", "one two", "one two three", "complete one two three"]
    assert output.decode().splitlines() == said
