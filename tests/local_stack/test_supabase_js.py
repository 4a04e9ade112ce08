"""The law of supabase-js: unmodified, it does with this stack what a page does with Supabase."""

import asyncio
import os
import shutil
from pathlib import Path

from tests.local_stack.world import NOTES, World

FOLDER = Path(__file__).parent / "js"
SECONDS = 50


async def test_supabase_js_works_unmodified(world: World) -> None:
    """Sign-in, refresh, functions, tables and files of two people, as told in `js/`."""
    node = shutil.which("node")
    assert node is not None, "Node is needed"
    assert (FOLDER / "node_modules").is_dir(), f"`npm ci` in {FOLDER} is needed"
    await world.execute(NOTES)
    process = await asyncio.create_subprocess_exec(
        *(node, "--test", "acceptance.test.js"),
        cwd=FOLDER,
        env={
            **os.environ,
            "SUPABASE_URL": world.supabase.url,
            "SUPABASE_PUBLISHABLE_KEY": world.supabase.keys.publishable,
            "SUPABASE_SECRET_KEY": world.supabase.keys.secret,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    assert "# fail 0" in said.decode()
