"""What surrounds every answer: origins, names of requests, headers, and what is not there."""

import httpx
import pytest

from tests.contract.world import Target
from tests.edge_functions.world import ORIGIN, PATH, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKS = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, idempotency-key, content-type",
}


async def test_pages_of_the_allow_list_may_call(target: Target) -> None:
    """A browser on an allowed page gets the headers that let it call; on another it does not."""
    good = await target.http.options(PATH, headers={"Origin": ORIGIN, **ASKS})
    assert good.status_code == 200
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in good.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in good.headers
    for origin in ("http://evil.test", "null", f"{ORIGIN}.evil.test", ORIGIN.upper()):
        bad = await target.http.options(PATH, headers={"Origin": origin, **ASKS})
        assert bad.status_code == 400
        assert "access-control-allow-origin" not in bad.headers


@pytest.mark.parametrize(
    "change",
    [
        {"Access-Control-Request-Method": "HEAD"},
        {"Access-Control-Request-Headers": "authorization, x-evil"},
    ],
)
async def test_what_a_page_asks_too_much_is_refused(target: Target, change: dict[str, str]) -> None:
    """A preflight for a method or a header that nobody needs is refused."""
    response = await target.http.options(PATH, headers={"Origin": ORIGIN, **ASKS, **change})
    assert response.status_code == 400


async def test_answers_may_be_read_by_allowed_pages(target: Target) -> None:
    """Errors too reach a page of the allow list, with what it needs to go on."""
    for path in ("/api/config", "/api/usage"):
        good = await target.http.get(path, headers={"Origin": ORIGIN})
        assert good.headers["access-control-allow-origin"] == ORIGIN
        exposed = good.headers["access-control-expose-headers"].lower()
        assert "retry-after" in exposed
        assert "x-request-id" in exposed
        assert "origin" in good.headers["vary"].lower()
        bad = await target.http.get(path, headers={"Origin": "http://evil.test"})
        assert "access-control-allow-origin" not in bad.headers


async def test_requests_have_names(target: Target) -> None:
    """A caller's own name is kept where it is well formed; otherwise one is made."""
    for path in ("/api/config", "/api/usage", "/nowhere"):
        response = await target.http.get(path, headers={"X-Request-Id": "my-request-1"})
        assert response.headers["x-request-id"] == "my-request-1"
        for odd in ("short", "x" * 65, "with space"):
            response = await target.http.get(path, headers={"X-Request-Id": odd})
            assert response.headers["x-request-id"] != odd
            assert len(response.headers["x-request-id"]) == 32
    told = problem(await target.http.get("/api/usage", headers={"X-Request-Id": "my-request-1"}))
    assert told.request_id == "my-request-1"


async def test_answers_are_guarded(target: Target, http: httpx.AsyncClient) -> None:
    """No answer is kept by a cache, or taken for what it is not."""
    for path in ("/api/config", "/api/usage", "/api/voices", "/api/voices/1"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/voices/a/b", "/api/voice"])
async def test_what_is_not_there(http: httpx.AsyncClient, path: str) -> None:
    """An address that leads nowhere is told as a problem."""
    told = problem(await http.get(path))
    assert (told.status, told.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/transcriptions"),
        ("PUT", "/api/clone"),
        ("POST", "/api/voices"),
        ("DELETE", "/api/usage"),
        ("POST", "/api/config"),
        ("PUT", "/api/voices/6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"),
    ],
)
async def test_a_method_that_is_not_served(http: httpx.AsyncClient, method: str, path: str) -> None:
    """What an address does not do is told, with what it does."""
    response = await http.request(method, path)
    told = problem(response)
    assert (told.status, told.code) == (405, "invalid_message")
    assert response.headers["allow"]
