"""`python -m bench.load`: the load generator's process."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import uvloop

from bench.commands import commands, tell
from bench.load.hold import boot, hold
from bench.load.session import Target


async def _serve() -> None:
    tell({"ready": True})
    asked = commands()
    async for command in asked:
        try:
            tell(await _do(command, asked))
        except RuntimeError as error:
            tell({"failed": str(error)})


async def _do(command: dict[str, Any], asked: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    if command["do"] == "boot":
        target = Target(**command["target"])
        return {"boot": [asdict(one) for one in await boot(target, command["token"])]}

    async def edge() -> None:
        tell({"edge": True})
        await anext(asked)

    held = await hold(
        [Target(**target) for target in command["targets"]],
        command["tokens"],
        seconds=command["seconds"],
        opens_per_second=command["opens_per_second"],
        rush=command["rush"],
        speak_while_opening=command["speak_while_opening"],
        settle_seconds=command["settle_seconds"],
        edge=edge,
    )
    return {"held": asdict(held)}


if __name__ == "__main__":
    uvloop.run(_serve())
