"""Functions of the database that do not answer for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from transcription.errors import BackendUnavailable
from transcription.rpc import Rpc


class Away:
    """Functions that are away.

    Attributes:
        names: How their names begin; what is taken out is back.
        tries: Calls that met one of them, by its name.
    """

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.tries: list[str] = []


@contextmanager
def functions_away(*names: str) -> Iterator[Away]:
    """Let the functions whose names begin so be away in this process until the block ends."""
    away, call = Away(*names), Rpc.call

    async def called(self: Rpc, function: str, **arguments: Any) -> Any:
        if function.startswith(tuple(away.names)):
            away.tries.append(function)
            raise BackendUnavailable(retry_after=5.0)
        return await call(self, function, **arguments)

    with patch.object(Rpc, "call", called):
        yield away
