"""`supabase/functions` as a process of its own."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DENO = str(Path(sys.executable).parent / "deno")
FUNCTION = ROOT / "supabase" / "functions" / "api"
LOCK = ROOT / "supabase" / "deno.lock"
CACHE = ROOT / ".tools" / "deno"
"""Filled before the tests: a test fetches nothing."""
START_SECONDS = 90
_LISTENING = re.compile(rb"Listening on (http://127\.0\.0\.1:\d+)")


@dataclass
class Deno:
    """A running function.

    Attributes:
        url: Where it listens.
        lines: What it has logged.
    """

    process: Process
    url: str = ""
    lines: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving_deno(settings: Mapping[str, str]) -> AsyncIterator[Deno]:
    """Serve the function until the block ends; it reaches the loopback network alone."""
    process = await asyncio.create_subprocess_exec(
        *(DENO, "run", "--no-prompt", "--cached-only", "--frozen", f"--lock={LOCK}"),
        *("--allow-env", "--allow-net=127.0.0.1", f"--config={FUNCTION / 'deno.json'}"),
        str(FUNCTION / "index.ts"),
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **settings,
            "DENO_DIR": str(CACHE),
            "DENO_NO_UPDATE_CHECK": "1",
            "DENO_SERVE_ADDRESS": "tcp:127.0.0.1:0",
        },
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=1 << 20,
    )
    deno = Deno(process)
    reading = asyncio.create_task(_read(deno), name="deno-log")
    try:
        await asyncio.wait_for(_listening(deno, reading), START_SECONDS)
        yield deno
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _listening(deno: Deno, reading: asyncio.Task[None]) -> None:
    while not deno.url:
        if reading.done():
            raise AssertionError("\n".join(deno.lines))
        await asyncio.sleep(0.01)


async def _read(deno: Deno) -> None:
    assert deno.process.stdout is not None
    async for line in deno.process.stdout:
        if found := _LISTENING.search(line):
            deno.url = found[1].decode()
        deno.lines.append(line.decode(errors="replace").rstrip())
