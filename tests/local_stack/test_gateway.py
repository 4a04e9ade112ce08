"""Laws of the one address."""

import asyncio
import json

import httpx
import pytest

from local_stack.errors import NotLoopbackError, PortBusyError
from local_stack.serving import listen
from tests.local_stack.world import BUCKET, World

ORIGIN = "http://127.0.0.1:5173"


@pytest.mark.parametrize("path", ["realtime/v1/websocket", "functions/v1/hello", "graphql/v1", ""])
async def test_every_other_part_of_supabase_is_refused_by_name(world: World, path: str) -> None:
    """What is not here answers 501 and says what was asked."""
    answer = await world.http.get(f"/{path}")
    assert answer.status_code == 501
    assert f"GET /{path}" in answer.json()["message"]


@pytest.mark.parametrize("path", ["auth/v1/settings", "rest/v1/voices", "storage/v1/object/a/b"])
async def test_no_service_is_reached_without_a_key(world: World, path: str) -> None:
    """A missing and a wrong key are refused alike by every service."""
    async with httpx.AsyncClient(base_url=world.supabase.url) as stranger:
        assert (await stranger.get(f"/{path}")).status_code == 401
        wrong = await stranger.get(f"/{path}", headers={"apikey": "sb_secret_wrong"})
        assert wrong.status_code == 401
        assert wrong.json()["message"] == "Invalid API key"


async def test_a_page_may_call_from_its_own_origin(world: World) -> None:
    """Preflights pass for the methods and headers that supabase-js sends; answers are readable."""
    asked = "apikey,authorization,content-type,x-client-info,x-upsert,x-supabase-api-version"
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        preflight = await world.http.options(
            f"/storage/v1/object/{BUCKET}/a",
            headers={
                "Origin": ORIGIN,
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": asked,
            },
        )
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert set(asked.split(",")) <= set(
            preflight.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
        )
    refused = await world.http.get("/rest/v1/voices", headers={"Origin": ORIGIN})
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Content-Range" in refused.headers["access-control-expose-headers"]


async def test_an_answer_before_the_end_of_a_body_arrives(world: World) -> None:
    """Who is refused in the middle of sending megabytes still reads why."""
    url = httpx.URL(world.supabase.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        f"POST /storage/v1/object/{BUCKET}/a HTTP/1.1\r\nHost: {url.host}\r\n"
        "Content-Type: audio/wav\r\nContent-Length: 20000000\r\n\r\n".encode()
    )
    for _ in range(200):
        writer.write(bytes(100_000))
        await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert json.loads(await reader.readexactly(length))["message"].startswith("No API key")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104
def test_other_machines_cannot_be_served(host: str) -> None:
    """Only a loopback address is listened on."""
    with pytest.raises(NotLoopbackError, match=host):
        listen("the test", host, 0)


def test_a_busy_port_is_named() -> None:
    """The message has the port, the address and who wanted it."""
    with listen("the first", "127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortBusyError, match=f"{port} on 127.0.0.1 is busy: the second"):
            listen("the second", "127.0.0.1", port)
