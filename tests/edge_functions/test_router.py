"""The service inside an application of somebody's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from edge_functions.router import Api, router
from local_stack.postgres import Postgres
from local_stack.serving import listen, serve, url_of
from shared_schema.batch import Transcription
from tests.edge_functions.world import Neighbours, neighbours, problem, settings_of, signed_in


@asynccontextmanager
async def asking(app: FastAPI | Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an application on loopback while its lifespan runs."""
    listener = listen("host", "127.0.0.1", 0)
    async with (
        app.router.lifespan_context(app),
        serve(app, listener),
        httpx.AsyncClient(base_url=url_of(listener), timeout=20) as http,
    ):
        yield http


async def works(near: Neighbours, http: httpx.AsyncClient, prefix: str, speech: bytes) -> None:
    """Assert that a person can transcribe, and that a stranger is refused as always."""
    config = await http.get(f"{prefix}/api/config")
    assert config.status_code == 200, config.text
    assert config.headers["x-content-type-options"] == "nosniff"
    url = f"{prefix}/api/transcriptions"
    assert problem(await http.post(url, files={"audio": speech})).code == "unauthenticated"
    async with signed_in(http, await near.stack.anonymous()) as person:
        answer = await person.post(url, files={"audio": speech})
        assert Transcription.model_validate(answer.json()).text == "one two three"
        missing = await person.get(f"{prefix}/api/voices/no-uuid")
        assert problem(missing).code == "invalid_message"


@pytest.mark.parametrize("prefix", ["", "/speech"])
async def test_a_router(postgres: Postgres, tmp_path: Path, speech: bytes, prefix: str) -> None:
    """A FastAPI application includes the service beside its own paths and its own lifespan."""
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        events.append("opened")
        yield
        events.append("closed")

    async with neighbours(postgres, tmp_path) as near:
        app = FastAPI(lifespan=lifespan)
        app.include_router(router(settings_of(near, tmp_path)), prefix=prefix)

        @app.get("/api-of-mine")
        async def mine() -> str:
            return "mine"

        async with asking(app) as http:
            assert events == ["opened"]
            await works(near, http, prefix, speech)
            assert (await http.get("/api-of-mine")).json() == "mine"
            assert (await http.get("/elsewhere")).json() == {"detail": "Not Found"}
        assert events == ["opened", "closed"]


async def test_a_mounted_application(postgres: Postgres, tmp_path: Path, speech: bytes) -> None:
    """Any ASGI framework mounts the service, and opens it in a lifespan of its own."""
    async with neighbours(postgres, tmp_path) as near:
        api = Api(settings_of(near, tmp_path))

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with api.open():
                yield

        app = Starlette(routes=[Mount("/speech", api)], lifespan=lifespan)
        async with asking(app) as http:
            await works(near, http, "/speech", speech)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://host.test") as http:
            with pytest.raises(RuntimeError, match=r"Api\.open"):
                await http.get("/speech/api/config")
