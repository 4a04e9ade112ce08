"""Readiness tells whether a process can work with the keys that it was given."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_stack.serving import listen, serve, url_of
from tests.doubles.project import serve_project
from tests.ws_bridge.process import PROVIDER_KEY, environment, start
from tests.ws_bridge.world import plain_http

pytestmark = pytest.mark.process

SERVICES = ("ws_bridge", "edge_functions")


class Lists:
    """A provider that only tells its models, and only to those with a good key."""

    def __init__(self) -> None:
        self.refusal = 401
        self.good = PROVIDER_KEY
        self.url = ""

    async def models(self, request: Request) -> Response:
        """Answer as Mistral and vLLM do."""
        if request.headers.get("authorization") == f"Bearer {self.good}":
            return JSONResponse({"object": "list", "data": []})
        return JSONResponse({"message": "Unauthorized"}, self.refusal)


@asynccontextmanager
async def provider() -> AsyncIterator[Lists]:
    """Serve one on loopback."""
    lists = Lists()
    app = Starlette(
        routes=[Route("/v1/models", lists.models), Route("/v1/models/{name}", lists.models)]
    )
    with listen("models", "127.0.0.1", 0) as listener:
        lists.url = url_of(listener)
        async with serve(app, listener):
            yield lists


async def _readiness(
    folder: Path, module: str, until: str, **settings: str
) -> tuple[int, dict[str, object]]:
    """Return what a process answers once its log has the event `until`."""
    ports = {
        f"{one}_{what}PORT": "0" for one in ("BRIDGE", "FUNCTIONS") for what in ("", "METRICS_")
    }
    async with serve_project() as project, plain_http() as http:
        env = environment(project.issuer.url, settings.pop("provider")) | ports | settings
        process = await start(folder, env, (sys.executable, "-m", module))
        try:
            assert process.stdout is not None
            port = None
            async for line in process.stdout:
                told = json.loads(line)
                port = told.get("port", port)
                if told.get("event") == until and port is not None:
                    break
            answer = await http.get(f"http://127.0.0.1:{port}/readyz")
            return answer.status_code, answer.json()
        finally:
            process.terminate()
            await process.communicate()


@pytest.mark.parametrize("module", SERVICES)
async def test_a_wrong_secret_key_keeps_a_process_from_being_ready(
    tmp_path: Path, module: str
) -> None:
    """Where Supabase refuses the secret key, readiness is 503 and names the setting."""
    async with provider() as models:
        status, body = await _readiness(
            tmp_path,
            module,
            "keys_refused",
            provider=models.url,
            SUPABASE_SECRET_KEY="sb_secret_mistyped",
        )
    assert status == 503
    assert (body["status"], body["settings"]) == ("key_refused", ["SUPABASE_SECRET_KEY"])


@pytest.mark.parametrize("module", SERVICES)
async def test_a_wrong_provider_key_keeps_a_process_from_being_ready(
    tmp_path: Path, module: str
) -> None:
    """Where the provider refuses the deployment's key, readiness is 503 and names the setting."""
    async with provider() as models:
        models.good = "another"
        status, body = await _readiness(tmp_path, module, "keys_refused", provider=models.url)
    assert status == 503
    assert (body["status"], body["settings"]) == ("key_refused", ["MISTRAL_API_KEY"])


@pytest.mark.parametrize("refusal", [402, 500])
async def test_a_provider_that_is_down_or_unpaid_keeps_no_process(
    tmp_path: Path, refusal: int
) -> None:
    """Only a key that is wrong counts: an outage must not take every process away at once."""
    async with provider() as models:
        models.good, models.refusal = "another", refusal
        status, _ = await _readiness(tmp_path, "ws_bridge", "ready", provider=models.url)
    assert status == 200
