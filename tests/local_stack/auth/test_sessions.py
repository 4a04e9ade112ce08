"""Laws of sessions and refresh tokens."""

import asyncio
from typing import Any

import httpx
import pytest
from supabase_auth.errors import AuthApiError

from tests.local_stack.world import PASSWORD, World


async def _refresh(world: World, token: str) -> httpx.Response:
    return await world.http.post(
        "/auth/v1/token?grant_type=refresh_token", json={"refresh_token": token}
    )


async def _signed_up(world: World) -> dict[str, Any]:
    answer = await world.http.post("/auth/v1/signup", json={})
    session: dict[str, Any] = answer.json()
    return session


async def _age(world: World, seconds: int) -> None:
    await world.execute(
        "update auth.refresh_tokens set updated_at = updated_at - make_interval(secs => %s)",
        seconds,
    )


async def test_a_refresh_rotates_the_token_and_keeps_the_session(world: World) -> None:
    """Each refresh gives a new token of the same session and the same person."""
    person = await world.anonymous()
    before = await person.client.auth.get_session()
    after = (await person.client.auth.refresh_session()).session
    assert before is not None
    assert after is not None
    assert after.refresh_token != before.refresh_token
    assert after.user.id == person.id
    assert len(await world.execute("select from auth.sessions")) == 1


async def test_a_token_used_again_at_once_gives_its_successor(world: World) -> None:
    """Two tabs that refresh with one token get the same next token."""
    first = (await _signed_up(world))["refresh_token"]
    one, two = await asyncio.gather(_refresh(world, first), _refresh(world, first))
    assert one.status_code == two.status_code == 200
    assert one.json()["refresh_token"] == two.json()["refresh_token"] != first


async def test_an_answer_that_got_lost_is_given_again(world: World) -> None:
    """However late, the parent of the token in force gives that token: nobody has used it."""
    first = (await _signed_up(world))["refresh_token"]
    second = (await _refresh(world, first)).json()["refresh_token"]
    await _age(world, 3600)
    assert (await _refresh(world, first)).json()["refresh_token"] == second


async def test_within_the_window_even_an_older_token_is_forgiven(world: World) -> None:
    """A token that was used a moment ago leads to the one in force."""
    first = (await _signed_up(world))["refresh_token"]
    second = (await _refresh(world, first)).json()["refresh_token"]
    third = (await _refresh(world, second)).json()["refresh_token"]
    assert (await _refresh(world, first)).json()["refresh_token"] == third


async def test_a_stolen_token_ends_the_session_for_thief_and_owner(world: World) -> None:
    """A used token whose successor was used too, after the window, revokes them all."""
    first = (await _signed_up(world))["refresh_token"]
    second = (await _refresh(world, first)).json()["refresh_token"]
    third = (await _refresh(world, second)).json()["refresh_token"]
    await _age(world, 11)
    stolen = await _refresh(world, first)
    assert (stolen.status_code, stolen.json()["error_code"]) == (
        400,
        "refresh_token_already_used",
    )
    assert (await _refresh(world, third)).status_code == 400


async def test_an_unknown_token_is_told_apart(world: World) -> None:
    """A token that never was is not one that was used."""
    answer = await _refresh(world, "never")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "refresh_token_not_found")


@pytest.mark.parametrize(
    ("scope", "own", "other"), [("local", 0, 1), ("others", 1, 0), ("global", 0, 0)]
)
async def test_signing_out_ends_the_sessions_of_its_scope(
    world: World, scope: Any, own: int, other: int
) -> None:
    """Local ends this session, others the rest, global every one; a stranger's stay."""
    person = await world.person("ada@example.com")
    token = await person.token()
    elsewhere = await world.client()
    await elsewhere.auth.sign_in_with_password({"email": "ada@example.com", "password": PASSWORD})
    stranger = await world.anonymous()
    await person.client.auth.sign_out({"scope": scope})
    answer = await world.http.get("/auth/v1/user", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code == 200) == bool(own)
    if other:
        assert await elsewhere.auth.get_user() is not None
    else:
        with pytest.raises(AuthApiError):
            await elsewhere.auth.get_user()
        with pytest.raises(AuthApiError):
            await elsewhere.auth.refresh_session()
    assert await stranger.client.auth.get_user() is not None


async def test_an_unknown_scope_ends_nothing(world: World) -> None:
    """A scope that does not exist is refused."""
    person = await world.anonymous()
    headers = {"Authorization": f"Bearer {await person.token()}"}
    answer = await world.http.post("/auth/v1/logout?scope=all", headers=headers)
    assert answer.status_code == 400
    assert await person.client.auth.get_user() is not None
