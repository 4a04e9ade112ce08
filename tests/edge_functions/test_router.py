"""The service inside an application of someone's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import Message

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
        app.add_middleware(GZipMiddleware, minimum_size=1)
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
        app.include_router(router(settings_of(near, tmp_path)), prefix=prefix)

        @app.middleware("http")
        async def timed(request: Request, following: RequestResponseEndpoint) -> Response:
            return await following(request)

        @app.exception_handler(404)
        async def lost(*_: object) -> Response:
            return JSONResponse({"detail": "Not Found"}, 404)

        @app.get(f"{prefix}/api/{{path:path}}")
        async def mine(path: str) -> str:
            return path

        async with asking(app) as http:
            assert events == ["opened"]
            await works(near, http, prefix, speech)
            assert (await http.get(f"{prefix}/api/of/mine")).json() == "of/mine"
            assert (await http.put(f"{prefix}/api/config")).status_code == 405
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
            # A proxy takes its prefix off the path, or does not.
            behind = httpx.ASGITransport(app, root_path="/proxy")
            async with httpx.AsyncClient(transport=behind, base_url="http://host.test") as proxied:
                assert (await proxied.get("/proxy/speech/api/config")).status_code == 200
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://host.test") as http:
            with pytest.raises(RuntimeError, match=r"Api\.open"):
                await http.get("/speech/api/config")


async def test_a_service_that_cannot_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server learns that the start failed, and which setting is missing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    with pytest.raises(SystemExit):
        await Api()({"type": "lifespan"}, receive, send)
    assert [one["type"] for one in told] == ["lifespan.startup.failed"]
    assert "SUPABASE_URL" in told[0]["message"]
