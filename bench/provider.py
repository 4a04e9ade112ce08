"""`python -m bench.provider`: the fake provider's process, and what reached it."""

import uvloop

from bench.commands import commands, tell
from bench.script import DELTA_EVERY_MS
from local_stack.provider import Script, ScriptedEngine, serve


async def _serve() -> None:
    script = Script(delta_every_ms=DELTA_EVERY_MS, repeat=True, language="en")
    async with serve(ScriptedEngine(script), record="counts") as server:
        tell({"port": int(server.url.rpartition(":")[2])})
        async for command in commands():
            if command["do"] == "forget":
                server.sessions.clear()
            tell(
                {
                    "frames": sum(session.frames for session in server.sessions),
                    "bytes": sum(session.audio_bytes for session in server.sessions),
                    "open": sum(session.open for session in server.sessions),
                }
            )


if __name__ == "__main__":
    uvloop.run(_serve())
