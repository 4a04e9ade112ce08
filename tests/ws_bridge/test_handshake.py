"""What the bridge's port answers before a socket is open."""

import asyncio
import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from tests.doubles.auth import USER
from tests.waiting import until
from tests.ws_bridge.world import ORIGIN, START, World, running


async def _refused(world: World, headers: Sequence[tuple[str, str]], url: str = "") -> Response:
    """Try to open a socket and return the HTTP answer that refused it."""
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(url or world.url, additional_headers=headers, proxy=None):
            pass
    return refusal.value.response


def _bearer(token: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token}")]


async def test_a_token_in_the_header_is_enough() -> None:
    """A server's client signs in with the handshake and needs no token in `start`."""
    async with running() as world:
        headers = _bearer(world.issuer.token())
        async with world.talk(additional_headers=headers) as talk:
            await talk.send(START)
            (await talk.stopped()).completed()
        (entry,) = world.ledger.entries.values()
        assert entry.user.id == USER
        await world.is_clean(upstreams=1)


async def test_two_tokens_of_one_user_are_no_fault() -> None:
    """The header and `start` may both have a token of the same user."""
    async with running() as world:
        headers = _bearer(world.issuer.token())
        async with world.talk(additional_headers=headers) as talk:
            await talk.send(world.start())
            (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
async def test_the_schemes_name_has_no_case(scheme: str) -> None:
    """The scheme's name is matched without case (RFC 9110, section 11.1)."""
    async with running() as world:
        headers = [("Authorization", f"{scheme} {world.issuer.token()}")]
        async with world.talk(additional_headers=headers) as talk:
            await talk.send(START)
            (await talk.stopped()).completed()


async def test_a_bad_token_in_the_header_is_a_401() -> None:
    """A bad header is refused before the upgrade, with the code and how to sign in."""
    async with running() as world:
        good = world.issuer.token()
        for headers in (
            _bearer("nonsense"),
            _bearer(""),
            _bearer("sb_secret_test"),
            _bearer("caf\u00e9"),
            [("Authorization", "Basic dXNlcjpwdw==")],
            [("Authorization", good)],
            [*_bearer(good), *_bearer(good)],
        ):
            answer = await _refused(world, headers)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert b'"unauthenticated"' in answer.body
        expired = await _refused(world, _bearer(world.issuer.token(exp=1_000_000_000)))
        assert expired.status_code == 401
        assert b'"token_expired"' in expired.body
        await world.is_clean(upstreams=0)


async def test_who_may_not_call_gets_a_403() -> None:
    """An anonymous user's token is refused by the handshake where such users may not call."""
    async with running(allow_anonymous=False) as world:
        answer = await _refused(world, _bearer(world.issuer.token(is_anonymous=True)))
        assert answer.status_code == 403
        assert b'"forbidden"' in answer.body
        await world.is_clean(upstreams=0)


async def test_a_token_that_cannot_be_checked_is_a_503() -> None:
    """While no keys can be had, a token in the header is refused for now, with the time to wait."""
    async with running(auth_down=True) as world:
        answer = await _refused(world, _bearer(world.issuer.token()))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1


async def test_a_foreign_origin_is_a_403() -> None:
    """A browser on a page that is not on the list gets no socket, whatever its token."""
    async with running() as world:
        for origin in (
            "http://evil.test",
            "null",
            f"{ORIGIN}.evil.test",
            "http://page.test:8080",
            "https://page.test",
        ):
            headers = [("Origin", origin), *_bearer(world.issuer.token())]
            assert (await _refused(world, headers)).status_code == 403
        await world.is_clean(upstreams=0)


async def test_a_page_on_the_list_may_connect() -> None:
    """A browser on a listed page gets a socket, and is told in words what is wrong after it."""
    async with running() as world, world.talk(origin=ORIGIN) as talk:
        await talk.send(world.start())
        (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


async def test_other_paths_are_a_404() -> None:
    """There is one socket and there are two health checks; the rest is not found."""
    async with running() as world:
        base = world.url.removesuffix(urlsplit(world.url).path)
        for path in ("/", "/api", "/metrics", "/api/transcriptions/realtime/"):
            assert (await _refused(world, [], base + path)).status_code == 404
            assert (await world.get(path)).status_code == 404


async def test_a_token_in_the_url_is_no_token() -> None:
    """URLs are logged, so a token in one signs nobody in."""
    async with running() as world:
        token = world.issuer.token()
        async with connect(f"{world.url}?access_token={token}", proxy=None) as socket:
            await socket.send(
                '{"type":"start","v":1,"audio_format":{"encoding":"pcm_s16le","sample_rate":16000}}'
            )
            assert "unauthenticated" in str(await socket.recv())
        await world.is_clean(upstreams=0)


async def test_plain_http_is_told_to_upgrade() -> None:
    """A plain request to the socket's path is answered, not left hanging."""
    async with running() as world:
        assert (await world.get(urlsplit(world.url).path)).status_code == 426


async def test_health() -> None:
    """The process tells that it is alive, and whether it may take work."""
    async with running() as world:
        alive, ready = await world.get("/healthz"), await world.get("/readyz")
        assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
        unknown = {"name": "mistral", "state": "unknown"}
        assert (ready.status_code, ready.json()) == (
            200,
            {"status": "ready", "provider": unknown},
        )
        assert ready.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7", "198.51.100.1"),
    ],
)
async def test_the_ledger_learns_the_callers_address(
    hops: int, forwarded: str, address: str
) -> None:
    """Behind proxies of ours the caller's address is what the outermost of them saw."""
    async with running(trusted_proxy_hops=hops) as world:
        headers = [("X-Forwarded-For", forwarded)]
        async with world.talk(additional_headers=headers) as talk:
            await talk.send(world.start())
            (await talk.stopped()).completed()
        (entry,) = world.ledger.entries.values()
        assert entry.address == address


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nAuthorization: Bearer secret\x01token\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization : Bearer secret-token\r\n\r\n",
        b"GET /?secret-token HTTP/0.9\r\n\r\n",
        b"POST /?secret-token HTTP/1.1\r\n\r\n",
        b"secret-token\r\n\r\n",
        b"\x16\x03\x01secret-token\r\n\r\n",
    ],
    ids=["control", "name", "version", "method", "no-http", "tls"],
)
async def test_what_is_no_request_is_not_logged(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A request that cannot be read may hold a token anywhere: it is closed, and not quoted."""
    caplog.set_level(logging.DEBUG)
    async with running() as world:
        port = urlsplit(world.url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        await asyncio.wait_for(reader.read(), 2)
        writer.close()
        await world.is_clean(upstreams=0)
    assert "secret" not in caplog.text


async def test_who_leaves_before_the_answer_leaves_no_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client that is gone before its request was answered is no fault: nothing is written."""
    async with running() as world:
        world.issuer.rotate()
        world.issuer.slow = 0.3
        request = (
            f"GET {urlsplit(world.url).path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Authorization: Bearer {world.issuer.token()}\r\n\r\n"
        )
        fetches = world.issuer.fetches
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(world.url).port)
        writer.write(request.encode())
        await until(lambda: world.issuer.fetches > fetches)
        writer.transport.abort()
        await asyncio.sleep(2 * world.issuer.slow)
        await world.is_clean(upstreams=0)
    assert [record.message for record in caplog.records if record.name.startswith("utter")] == []


async def test_a_connection_that_says_nothing_is_closed() -> None:
    """A connection on which no request comes is closed at the start's limit."""
    async with running(bridge_start_timeout_seconds=0.2) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(world.url).port)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
