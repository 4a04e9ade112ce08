"""Laws of the token suppliers."""

import asyncio
import json

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.doubles.http import serve_answers
from utter_transcribe.auth import AnonymousUser, GivenToken
from utter_transcribe.errors import AuthError, UnreachableError


def session(number: int, expires_in: int = 3600) -> Response:
    """Return an answer of Supabase Auth to a sign-in."""
    return JSONResponse(
        {
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "expires_in": expires_in,
            "token_type": "bearer",
            "user": {"id": "…", "is_anonymous": True},
        }
    )


async def test_a_user_signs_in_once() -> None:
    """The first call signs in anonymously; later ones, also at once, use the same token."""
    async with serve_answers(session(1), session(2)) as auth:
        token = AnonymousUser(auth.url + "/", "sb_publishable_x")
        assert set(await asyncio.gather(token(), token(), token())) == {"access-1"}
    (asked,) = auth.asked
    assert (asked.method, asked.path) == ("POST", "/auth/v1/signup")
    assert asked.headers["apikey"] == "sb_publishable_x"
    assert json.loads(asked.body) == {}


@pytest.mark.parametrize(("left", "calls"), [(359, 2), (361, 1)])
async def test_a_token_with_less_than_six_minutes_is_refreshed(left: int, calls: int) -> None:
    """A token that may not outlast a session is renewed before it is used."""
    async with serve_answers(session(1, expires_in=left), session(2)) as auth:
        token = AnonymousUser(auth.url, "key")
        await token()
        assert await token() == f"access-{calls}"
        assert len(auth.asked) == calls
        if calls == 2:
            assert auth.asked[1].path == "/auth/v1/token?grant_type=refresh_token"
            assert json.loads(auth.asked[1].body) == {"refresh_token": "refresh-1"}


async def test_a_fresh_token_is_another_one() -> None:
    """Asked for a fresh token, the user never gives the refused one again."""
    async with serve_answers(session(1), session(2), session(3)) as auth:
        token = AnonymousUser(auth.url, "key")
        given = [await token(), await token(fresh=True), await token()]
        assert given == ["access-1", "access-2", "access-2"]


async def test_a_lost_session_is_not_replaced_by_a_stranger() -> None:
    """When a refresh is refused the user is gone; no other one is made up silently."""
    refused = JSONResponse({"code": 400, "msg": "Invalid Refresh Token"}, 400)
    async with serve_answers(session(1), refused) as auth:
        token = AnonymousUser(auth.url, "key")
        await token()
        with pytest.raises(AuthError, match="Invalid Refresh Token") as error:
            await token(fresh=True)
    assert not error.value.failure.retryable


@pytest.mark.parametrize(
    ("answer", "says", "retryable"),
    [
        (JSONResponse({"message": "Invalid API key"}, 401), "Invalid API key", False),
        (
            JSONResponse({"code": 422, "msg": "Anonymous sign-ins are disabled"}, 422),
            "Anonymous sign-ins are disabled",
            False,
        ),
        (PlainTextResponse("oops", 503, {"Retry-After": "7"}), "Service Unavailable", True),
        (JSONResponse([], 500), "Internal Server Error", True),
        (PlainTextResponse("<html>welcome</html>"), "no Supabase project", False),
    ],
)
async def test_a_refusal_is_told(answer: Response, says: str, retryable: bool) -> None:
    """What Supabase says against a sign-in is said on, and whether it may pass."""
    async with serve_answers(answer) as auth:
        with pytest.raises(AuthError, match=says) as error:
            await AnonymousUser(auth.url, "key")()
    assert error.value.failure.retryable is retryable
    assert not error.value.failure.after_refresh
    if "Retry-After" in answer.headers:
        assert error.value.failure.retry_after == 7


async def test_nobody_there_may_pass() -> None:
    """A Supabase that is not reached is worth another try."""
    async with serve_answers(session(1)) as auth:
        pass
    with pytest.raises(UnreachableError, match="cannot reach") as error:
        await AnonymousUser(auth.url, "key")()
    assert error.value.failure.retryable


async def test_a_given_token_cannot_be_renewed() -> None:
    """A token given from outside is used until it is refused."""
    token = GivenToken("mine")
    assert await token() == "mine"
    with pytest.raises(AuthError, match="refused"):
        await token(fresh=True)
