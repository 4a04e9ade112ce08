"""A helper process's side of its pipe: a JSON line in, a JSON line out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any


def tell(message: Mapping[str, Any]) -> None:
    """Write one line to the parent."""
    print(json.dumps(message), flush=True)


async def commands() -> AsyncIterator[dict[str, Any]]:
    """Iterate over what the parent asks for; ends when the parent is gone."""
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)
