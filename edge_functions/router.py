"""The HTTP service inside an application of your own.

Import it as `utter_transcribe.edge_functions.router` from the wheel. The bridge stays a process of
its own: `python -m utter_transcribe.ws_bridge`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from edge_functions.app import api_paths, create_app
from edge_functions.composition import compose, upkeeping
from transcription.process.deployment import load_settings
from transcription.settings import Settings

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Api:
    """Everything under `/api`, as an ASGI application.

    Args:
        settings: None reads the environment and `.env`, as the service itself does.

    A framework that does not run the lifespan of mounted applications enters `open()` itself.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._app: FastAPI | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve for as long as the block runs; on the way out requests in flight are ended.

        Raises:
            SystemExit: a setting is missing or wrong; the message names it.
        """
        settings = self._settings or load_settings()
        async with compose(settings) as services, upkeeping(services):
            self._app = create_app(services)
            try:
                yield
                await services.in_flight.drain(settings.functions_drain_seconds)
            finally:
                self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose path ends as the service's own paths do."""
        if scope["type"] == "lifespan":
            await Router(lifespan=lambda _: self.open())(scope, receive, send)
            return
        if self._app is None:
            raise RuntimeError(
                "The service is not open. Nothing runs the lifespan of a mounted application or of"
                " a router in it: mount Api there, and enter Api.open() in your own lifespan."
            )
        # Below a prefix of the host's, the service sees its own paths.
        path = "/api/" + _below(scope)
        await self._app(
            {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "path_params": {}},
            receive,
            send,
        )


def router(settings: Settings | None = None) -> APIRouter:
    """Return a router for `FastAPI.include_router`, with a lifespan of its own.

    It has the service's own paths alone: what else there is below `/api` stays the host's.

    Args:
        settings: None reads the environment and `.env`, as the service itself does.
    """
    api = Api(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with api.open():
            yield

    included = APIRouter(lifespan=lifespan)
    included.routes += [Route(path, api, methods=list(_METHODS)) for path in api_paths()]
    return included


def _below(scope: Scope) -> str:
    """Return the path below `/api`, behind any prefix; where there is none, below the mount."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.rpartition("/api/")[2].removeprefix("/")
