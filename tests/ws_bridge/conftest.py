"""What the bridge's tests run on."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the bridge itself runs on."""
    return {"uvloop": uvloop.new_event_loop}
