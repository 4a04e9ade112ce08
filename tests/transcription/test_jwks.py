"""The signing keys that are kept at hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.doubles.auth import Issuer, serve_issuer
from tests.waiting import until
from tests.ws_bridge.world import plain_http
from transcription.errors import AuthUnavailable, TokenExpired
from transcription.identity.jwks import (
    MAX_AGE_SECONDS,
    MAX_BYTES,
    REFRESH_SECONDS,
    RETRY_SECONDS,
    Jwks,
)


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@asynccontextmanager
async def _keys() -> AsyncIterator[tuple[Jwks, Issuer, Clock]]:
    clock = Clock()
    async with serve_issuer() as issuer, plain_http() as http:
        keys = Jwks(issuer.url, http=http, clock=clock)
        yield keys, issuer, clock
        await keys.aclose()


async def test_a_key_is_fetched_once_and_kept() -> None:
    """The first token fetches the set; those after it are served from memory."""
    async with _keys() as (keys, issuer, _):
        assert not keys.ready
        for _ in range(3):
            assert (await keys.key(issuer.kid)).algorithm_name == "ES256"
        assert keys.ready
        assert issuer.fetches == 1


async def test_there_is_one_fetch_at_a_time() -> None:
    """A hundred tokens at once share one fetch."""
    async with _keys() as (keys, issuer, _):
        await asyncio.gather(*(keys.key(issuer.kid) for _ in range(100)))
        assert issuer.fetches == 1


async def test_a_caller_that_goes_away_takes_no_fetch_with_it() -> None:
    """The fetch that others wait for outlives the caller who began it."""
    async with _keys() as (keys, issuer, _):
        first = asyncio.create_task(keys.key(issuer.kid))
        others = [asyncio.create_task(keys.key(issuer.kid)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*others)
        assert first.cancelled()
        assert issuer.fetches == 1


@pytest.mark.parametrize("at_once", [True, False])
async def test_unknown_keys_cause_no_storm(at_once: bool) -> None:
    """A thousand tokens of unknown keys cause one fetch, and one more after 30 seconds."""
    async with _keys() as (keys, issuer, clock):
        await keys.key(issuer.kid)
        for fetches in (2, 3):
            if at_once:
                asked = (keys.key(f"unknown {number}") for number in range(1000))
                failures = await asyncio.gather(*asked, return_exceptions=True)
                assert {type(one) for one in failures} == {TokenExpired}
            else:
                for number in range(1000):
                    with pytest.raises(TokenExpired):
                        await keys.key(f"unknown {number}")
            clock.now += 29
            with pytest.raises(TokenExpired):
                await keys.key("unknown")
            assert issuer.fetches == fetches
            clock.now += 2


async def test_a_rotated_key_is_found_at_once() -> None:
    """A token of a new key fetches the set that has it; the old key serves on while it is there."""
    async with _keys() as (keys, issuer, _):
        old = issuer.kid
        await keys.key(old)
        issuer.rotate()
        await keys.key(issuer.kid)
        await keys.key(old)
        assert issuer.fetches == 2


async def test_a_withdrawn_key_is_forgotten() -> None:
    """A key that the issuer has withdrawn is good no longer than the set is kept."""
    async with _keys() as (keys, issuer, clock):
        old = issuer.kid
        await keys.key(old)
        issuer.rotate(forget=True)
        clock.now += REFRESH_SECONDS + 1
        await keys.key(old)  # served while the set is fetched behind it
        await until(lambda: issuer.fetches == 2)
        await keys.key(issuer.kid)
        with pytest.raises(TokenExpired):
            await keys.key(old)


async def test_a_withdrawn_key_does_not_outlive_a_quiet_time() -> None:
    """After ten minutes without a token the set is fetched before it is used, not behind it."""
    async with _keys() as (keys, issuer, clock):
        old = issuer.kid
        await keys.key(old)
        issuer.rotate(forget=True)
        clock.now += MAX_AGE_SECONDS + 1
        with pytest.raises(TokenExpired):
            await keys.key(old)
        assert issuer.fetches == 2
        await keys.key(issuer.kid)


async def test_an_old_set_is_refreshed_behind_the_callers() -> None:
    """Nobody waits for the refresh of a set that is held, and there is one."""
    async with _keys() as (keys, issuer, clock):
        await keys.key(issuer.kid)
        clock.now += REFRESH_SECONDS + 1
        for _ in range(10):
            await keys.key(issuer.kid)
        await until(lambda: issuer.fetches == 2)
        await keys.refresh()
        assert issuer.fetches <= 3


async def test_the_last_good_set_serves_while_auth_is_down() -> None:
    """Known keys are good for however long Auth is away; it is asked again now and then."""
    async with _keys() as (keys, issuer, clock):
        await keys.key(issuer.kid)
        issuer.down = True
        for _ in range(20):
            clock.now += REFRESH_SECONDS + 1
            before = issuer.fetches
            await keys.key(issuer.kid)
            await keys.key(issuer.kid)
            await until(lambda before=before: issuer.fetches > before)  # type: ignore[misc]
            await keys.refresh()
        issuer.down = False
        new = issuer.kid
        issuer.rotate()
        clock.now += RETRY_SECONDS + 1
        await keys.key(issuer.kid)
        await keys.key(new)


async def test_unknown_keys_while_auth_is_down_may_be_good() -> None:
    """While Auth is down an unknown key is not called bad: the caller is asked to come back."""
    async with _keys() as (keys, issuer, clock):
        await keys.key(issuer.kid)
        issuer.rotate()
        issuer.down = True
        for _ in range(100):
            with pytest.raises(AuthUnavailable) as failure:
                await keys.key(issuer.kid)
            assert failure.value.retry_after == RETRY_SECONDS
        assert issuer.fetches == 2
        issuer.down = False
        clock.now += RETRY_SECONDS + 1
        await keys.key(issuer.kid)


async def test_without_any_set_auth_is_asked_every_other_second() -> None:
    """A process that started while Auth was down asks again, but not for every token."""
    async with _keys() as (keys, issuer, clock):
        issuer.down = True
        for fetches in (1, 2):
            for _ in range(100):
                with pytest.raises(AuthUnavailable):
                    await keys.key(issuer.kid)
            assert issuer.fetches == fetches
            clock.now += RETRY_SECONDS + 0.1
        issuer.down = False
        await keys.key(issuer.kid)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"7",
        b"\xff",
        b'{"keys": null}',
        b'{"keys": "x"}',
        b'{"keys": {"kty": "EC"}}',
        b'{"keys": [1]}',
        b'{"keys": [null]}',
        b'{"keys": [{"kty": "EC"}]}',
        b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": 1, "y": 2}]}',
        b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "", "y": ""}]}',
        b" " * (MAX_BYTES + 1),
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
async def test_what_is_no_key_set_is_a_failed_fetch(body: bytes) -> None:
    """An answer that holds no key of ours is a failure of Auth's, and none of ours."""
    answers = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    async with httpx.AsyncClient(transport=answers) as http:
        keys = Jwks("http://auth.test", http=http)
        with capture_logs() as logs, pytest.raises(AuthUnavailable):
            await keys.key("a")
        assert [log["event"] for log in logs] == ["jwks_fetch_failed"]
        assert not keys.ready


@pytest.mark.parametrize(
    "body",
    [
        b'{"keys": []}',
        b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}]}',
        b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "eA", "kid": "a", "alg": "EdDSA"}]}',
        b'{"keys": [{"kty": "magic", "kid": "a"}]}',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
async def test_a_set_without_our_keys_is_a_set(body: bytes) -> None:
    """A project that signs with a shared secret publishes no keys: its tokens are refused with 401.

    A set that is held is given up for it, as for any other set.
    """
    issuer = Issuer()
    bodies = [json.dumps(issuer.jwks()).encode(), body]
    answers = httpx.MockTransport(lambda _: httpx.Response(200, content=bodies[0]))
    clock = Clock()
    async with httpx.AsyncClient(transport=answers) as http:
        keys = Jwks("http://auth.test", http=http, clock=clock)
        await keys.key(issuer.kid)
        del bodies[0]
        clock.now += MAX_AGE_SECONDS + 1
        with capture_logs() as logs, pytest.raises(TokenExpired):
            await keys.key(issuer.kid)
        assert [log["event"] for log in logs] == ["jwks_without_keys"]
        assert not keys.ready


async def test_one_odd_key_spoils_no_other() -> None:
    """Keys that are of no use to us are passed over, wherever they stand in the set."""
    issuer = Issuer()
    (good,) = issuer.jwks()["keys"]
    odd: list[Any] = [{"kty": "magic"}, {"kty": "oct", "k": "eA", "kid": "hs"}, good]
    nameless = {name: value for name, value in good.items() if name != "kid"}
    body = json.dumps({"keys": [*odd, nameless, {"kty": "EC", "kid": "broken"}]})
    answers = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    async with httpx.AsyncClient(transport=answers) as http:
        keys = Jwks("http://auth.test", http=http)
        assert (await keys.key(issuer.kid)).key_id == issuer.kid
        for kid in ("hs", "broken"):
            with pytest.raises(TokenExpired):
                await keys.key(kid)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("garbage"),
        httpx.TooManyRedirects("round"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_fetch_that_fails_is_no_bug(failure: Exception) -> None:
    """However the connection to Auth fails, callers are asked to come back."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http:
        with pytest.raises(AuthUnavailable):
            await Jwks("http://auth.test", http=http).key("a")


async def test_the_end_ends_a_fetch() -> None:
    """A fetch that is under way at the end is given up, and leaves no task."""
    before = asyncio.all_tasks()
    stuck = asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as http:
        keys = Jwks("http://auth.test", http=http)
        waiting = asyncio.create_task(keys.refresh())
        await stuck.wait()
        await keys.aclose()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert asyncio.all_tasks() == before
