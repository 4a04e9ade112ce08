"""Something that a test holds up."""

import asyncio


class Gate:
    """Open at first; a test closes it, and sees when someone has come to it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        """Whether who comes now may pass."""
        return self._open.is_set()

    def close(self) -> None:
        """Let nobody pass from now on."""
        self._open.clear()

    def open(self) -> None:
        """Let everyone pass."""
        self._open.set()

    async def passed(self) -> None:
        """Wait until the gate is open."""
        self.reached.set()
        await self._open.wait()
