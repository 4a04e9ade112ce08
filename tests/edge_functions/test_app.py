"""The layers around the functions: origins, names of requests, headers, what nobody expected."""

import json
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from local_stack.postgres import Postgres
from tests.edge_functions.world import ORIGIN, PATH, World, problem, running

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_pages_of_the_allow_list_may_call(world: World) -> None:
    """A browser on an allowed page gets the headers that let it call; on another it does not."""
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key, content-type",
    }
    good = await world.http.options(PATH, headers={"Origin": ORIGIN, **asks})
    assert good.status_code == 200
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in good.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in good.headers
    bad = await world.http.options(PATH, headers={"Origin": "http://evil.test", **asks})
    assert bad.status_code == 400
    assert "access-control-allow-origin" not in bad.headers


async def test_refusals_can_be_read_by_the_page(world: World) -> None:
    """A problem carries the same headers as an answer, or the page could not read it."""
    response = await world.http.post(PATH, headers={"Origin": ORIGIN}, content=b"x")
    assert problem(response).code == "unauthenticated"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    exposed = response.headers["access-control-expose-headers"]
    assert "Retry-After" in exposed
    response = await world.http.get("/api/config", headers={"Origin": "http://evil.test"})
    assert "access-control-allow-origin" not in response.headers


async def test_every_request_has_a_name(world: World) -> None:
    """The caller's own well-formed name is kept; any other is replaced."""
    response = await world.http.get("/api/usage", headers={"X-Request-Id": "from-the-proxy.1"})
    assert response.headers["x-request-id"] == "from-the-proxy.1"
    assert problem(response).request_id == "from-the-proxy.1"
    for bad in ("short", "x" * 65, "with space 123", '"><script>'):
        response = await world.http.get("/healthz", headers={"X-Request-Id": bad})
        assert len(response.headers["x-request-id"]) == 32


async def test_browsers_are_told_what_to_refuse(world: World) -> None:
    """Every answer has its policy, and none says what serves it."""
    response = await world.http.get("/api/config")
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert world.stack.supabase.url in policy
    assert "server" not in response.headers


async def test_what_is_not_there_is_a_problem_too(world: World) -> None:
    """An unknown path, a wrong method and a malformed parameter are told like all refusals."""
    told = problem(await world.http.get("/api/nothing"))
    assert (told.status, told.code) == (404, "not_found")
    response = await world.http.put(PATH)
    told = problem(response)
    assert (told.status, told.code) == (405, "invalid_message")
    assert "POST" in response.headers["allow"]


async def test_a_bug_is_told_as_an_id(
    world: World, http: httpx.AsyncClient, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expected is logged under an id, and the caller is told that id alone."""

    async def burst(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the inner life")

    for path, method, holder, name in (
        ("/api/voices", "GET", world.services.voices, "of"),
        (PATH, "POST", world.services.inspector, "inspect"),
    ):
        with monkeypatch.context() as patch, capture_logs() as logs:
            patch.setattr(holder, name, burst)
            files = {"audio": speech} if method == "POST" else None
            response = await http.request(method, path, files=files)
        told = problem(response)
        [logged] = [line for line in logs if line.get("exc_info")]
        assert logged["error_id"] in told.detail
        assert (told.status, told.code, told.retryable) == (500, "internal", True)
        assert "secret" not in response.text


async def test_metrics_have_a_port_of_their_own(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """Counts are there for the operator, by route and code, and not on the public port."""
    await http.post(PATH, files={"audio": speech})
    await http.post(PATH, files={"audio": b"text"})
    await http.get("/api/voices/1")
    async with httpx.AsyncClient() as operator:
        metrics = (await operator.get(world.metrics_url)).text
    assert 'utter_transcriptions_total{kind="batch",status="complete"}' in metrics
    assert 'utter_errors_total{code="unsupported_audio",kind="batch"}' in metrics
    assert 'route="/api/voices/{voice_id}",status="422"' in metrics
    assert "utter_provider_file_seconds_count" in metrics
    assert problem(await world.http.get("/metrics")).code == "not_found"


async def test_the_wide_line_tells_everything_but_the_words(
    world: World, http: httpx.AsyncClient, speech: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each transcription: ids and figures, no transcript, no token, no key."""
    await http.post(PATH, files={"audio": speech}, data={"language": "en"})
    out = capsys.readouterr().out
    [line] = [line for line in out.splitlines() if " transcription " in line]
    for word in (
        "kind=batch",
        "status=complete",
        "audio_seconds=4.0",
        "language=en",
        "session_id=",
    ):
        assert word in line
    for secret in ("one two", http.headers["authorization"].split()[1], "sk-very-secret"):
        assert secret not in out


async def test_the_built_page_is_served(postgres: Postgres, tmp_path: Path) -> None:
    """With a built page, `/` and `/clone` are it; its files come compressed and are kept."""
    page = tmp_path / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>Booth</title>")
    (page / "assets" / "index-abc123.js").write_text("export {}")
    (page / "assets" / "large-abc123.js").write_text(" " * 100_000)
    async with running(postgres, tmp_path, functions_page_dir=page) as world:
        for path in ("/", "/clone"):
            response = await world.http.get(path)
            assert response.headers["content-type"].startswith("text/html")
            assert response.headers["cache-control"] == "no-cache"
            assert "Booth" in response.text
        script = await world.http.get("/assets/index-abc123.js")
        assert "immutable" in script.headers["cache-control"]
        assert "content-encoding" not in script.headers  # too little to gain
        large = await world.http.get("/assets/large-abc123.js", headers={"Accept-Encoding": "gzip"})
        assert large.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in large.headers["vary"].lower()
        assert large.num_bytes_downloaded < len(large.content) == 100_000
        part = {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}
        assert (await world.http.get("/assets/large-abc123.js", headers=part)).content == b" " * 10
        assert problem(await world.http.get("/nothing.js")).code == "not_found"
        assert problem(await world.http.get("/%2e%2e/uploads/lock")).code == "not_found"
        assert problem(await world.http.get("/api/nothing")).code == "not_found"
        assert (await world.http.get("/api/config")).status_code == 200


async def test_the_legacy_page_is_served(world: World) -> None:
    """The page without a framework is there, built page or not, and runs no inline script."""
    response = await world.http.get("/legacy/clone")
    assert response.status_code == 200
    assert "<form" in response.text
    assert "<script>" not in response.text
    assert 'style="' not in response.text


async def test_the_document_is_served(world: World) -> None:
    """The OpenAPI document is there for anybody, and names every function."""
    document = (await world.http.get("/api/openapi.json")).json()
    assert set(document["paths"]) == {
        "/api/transcriptions",
        "/api/transcriptions/realtime-token",
        "/api/transcriptions/realtime-token/{session_id}/settle",
        "/api/clone",
        "/api/voices",
        "/api/voices/{voice_id}",
        "/api/voices/{voice_id}/bundle",
        "/api/usage",
        "/api/account",
        "/api/provider-key",
        "/api/provider-key/test",
        "/api/config",
    }
    assert "HTTPValidationError" not in json.dumps(document)
    upload = document["paths"][PATH]["post"]["requestBody"]["content"]
    assert set(upload) == {"multipart/form-data", "application/json"}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert ("security" in operation) == (path != "/api/config")
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]
