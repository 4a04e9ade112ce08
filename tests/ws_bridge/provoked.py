"""Which codes the tests provoke on real sockets."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared_schema.errors import ErrorCode

Test = TypeVar("Test", bound=Callable[..., Awaitable[None]])

PROVOKED: set[ErrorCode] = set()


def provokes(*codes: ErrorCode) -> Callable[[Test], Test]:
    """Say which codes a test provokes."""

    def note(test: Test) -> Test:
        PROVOKED.update(codes)
        return test

    return note
