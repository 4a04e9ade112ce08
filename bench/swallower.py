"""`python -m bench.swallower`: a provider of files that reads, thinks, and keeps nothing."""

import asyncio
import sys

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.commands import commands, tell
from local_stack.serving import listen, serve


async def _serve(think_seconds: float) -> None:
    async def transcribe(request: Request) -> JSONResponse:
        async for _ in request.stream():
            pass
        await asyncio.sleep(think_seconds)
        return JSONResponse(
            {"model": "voxtral-mini-2602", "text": "one two", "language": "en", "usage": {}}
        )

    app = Starlette(routes=[Route("/v1/audio/transcriptions", transcribe, methods=["POST"])])
    listener = listen("provider", "127.0.0.1", 0)
    async with serve(app, listener):
        tell({"port": listener.getsockname()[1]})
        async for _ in commands():
            pass


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1])))
