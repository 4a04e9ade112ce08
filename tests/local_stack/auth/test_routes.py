"""Laws of sign-up, sign-in, users and their erasure."""

from typing import Any

import httpx
import jwt
import pytest
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from local_stack.signing_keys import SigningKeys
from tests.local_stack.world import PASSWORD, World


async def test_anonymous_sign_up_gives_the_claims_of_the_platform(world: World) -> None:
    """An anonymous user's token says who issued it, for whom, and that nobody knows them."""
    person = await world.anonymous()
    token = await person.token()
    jwks = (await world.http.get("/auth/v1/.well-known/jwks.json")).json()
    claims = jwt.decode(
        token,
        jwt.PyJWKSet.from_dict(jwks)[jwt.get_unverified_header(token)["kid"]],
        algorithms=["ES256"],
        audience="authenticated",
        issuer=f"{world.supabase.url}/auth/v1",
    )
    assert claims["sub"] == person.id
    assert claims["role"] == "authenticated"
    assert claims["is_anonymous"] is True
    assert claims["aal"] == "aal1"
    assert claims["amr"][0]["method"] == "anonymous"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["email"] == claims["phone"] == ""
    assert claims["session_id"]


async def test_jwks_is_public_and_may_be_cached_for_ten_minutes(world: World) -> None:
    """Anybody may fetch the keys without an API key; they hold no private part."""
    async with httpx.AsyncClient() as stranger:
        answer = await stranger.get(f"{world.supabase.url}/auth/v1/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=600"
    [key] = answer.json()["keys"]
    assert key["kty"] == "EC"
    assert "d" not in key


async def test_password_sign_up_and_sign_in_name_the_same_person(world: World) -> None:
    """Who signed up signs in with the same password, in any case of the address."""
    person = await world.person("Ada@Example.com")
    other = await world.client()
    signed_in = await other.auth.sign_in_with_password(
        {"email": "ADA@example.com", "password": PASSWORD}
    )
    assert signed_in.user is not None
    assert signed_in.user.id == person.id
    assert signed_in.user.email == "ada@example.com"
    assert signed_in.user.app_metadata == {"provider": "email", "providers": ["email"]}
    assert [identity.provider for identity in signed_in.user.identities or []] == ["email"]
    assert not signed_in.user.is_anonymous


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    world: World, email: str
) -> None:
    """Sign-in does not tell which addresses exist."""
    await world.person("ada@example.com")
    client = await world.client()
    with pytest.raises(AuthApiError) as refused:
        await client.auth.sign_in_with_password({"email": email, "password": "wrong password"})
    assert (refused.value.status, refused.value.code) == (400, "invalid_credentials")


async def test_an_address_is_taken_once(world: World) -> None:
    """A second sign-up with an address is refused."""
    await world.person("ada@example.com")
    with pytest.raises(AuthApiError) as refused:
        await world.person("ADA@example.com")
    assert (refused.value.status, refused.value.code) == (422, "user_already_exists")


async def test_a_short_password_is_refused_with_its_reason(world: World) -> None:
    """A password below the project's length is weak, and the client can tell why."""
    client = await world.client()
    with pytest.raises(AuthWeakPasswordError) as refused:
        await client.auth.sign_up({"email": "ada@example.com", "password": "short"})
    assert refused.value.reasons == ["length"]


NO_ADDRESSES = ["ada", "ada@", "a b@example.com", "@example.com", "x" * 300]


async def test_what_is_no_address_is_refused(world: World) -> None:
    """Sign-up wants an address that could be one."""
    for email in NO_ADDRESSES:
        client = await world.client()
        with pytest.raises(AuthApiError) as refused:
            await client.auth.sign_up({"email": email, "password": PASSWORD})
        assert refused.value.code == "validation_failed"


async def test_an_anonymous_person_becomes_a_known_one_by_an_address(world: World) -> None:
    """The same user goes on with an address and a password; the next token says so."""
    person = await world.anonymous()
    updated = await person.client.auth.update_user(
        {"email": "ada@example.com", "password": PASSWORD, "data": {"name": "Ada"}}
    )
    assert updated.user.id == person.id
    assert updated.user.is_anonymous is False
    assert updated.user.user_metadata == {"name": "Ada"}
    await person.client.auth.refresh_session()
    claims = jwt.decode(await person.token(), options={"verify_signature": False})
    assert claims["is_anonymous"] is False
    assert claims["email"] == "ada@example.com"
    other = await world.client()
    again = await other.auth.sign_in_with_password(
        {"email": "ada@example.com", "password": PASSWORD}
    )
    assert again.user is not None
    assert again.user.id == person.id


async def test_an_anonymous_person_gets_no_password_without_an_address(world: World) -> None:
    """A password alone would be a door that nobody can find."""
    person = await world.anonymous()
    with pytest.raises(AuthApiError) as refused:
        await person.client.auth.update_user({"password": PASSWORD})
    assert (refused.value.status, refused.value.code) == (422, "validation_failed")


async def test_nobody_takes_the_address_of_another(world: World) -> None:
    """Changing to a taken address is refused, and nothing changes."""
    await world.person("ada@example.com")
    other = await world.person("eve@example.com")
    with pytest.raises(AuthApiError) as refused:
        await other.client.auth.update_user({"email": "ada@example.com"})
    assert (refused.value.status, refused.value.code) == (422, "email_exists")
    found = await other.client.auth.get_user()
    assert found is not None
    assert found.user.email == "eve@example.com"


async def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    """Who changes a password stays; every other session ends, and the old password is void."""
    person = await world.person("ada@example.com")
    other = await world.client()
    await other.auth.sign_in_with_password({"email": "ada@example.com", "password": PASSWORD})
    with pytest.raises(AuthApiError) as same:
        await person.client.auth.update_user({"password": PASSWORD})
    assert same.value.code == "same_password"
    await person.client.auth.update_user({"password": "another horse"})
    assert await person.client.auth.get_user() is not None
    with pytest.raises(AuthApiError) as ended:
        await other.auth.get_user()
    assert (ended.value.status, ended.value.code) == (403, "session_not_found")
    with pytest.raises(AuthApiError):
        await other.auth.sign_in_with_password({"email": "ada@example.com", "password": PASSWORD})


async def test_own_data_is_merged_and_null_takes_away(world: World) -> None:
    """New members are laid over the old; null removes one and leaves what lies within."""
    person = await world.anonymous()
    await person.client.auth.update_user({"data": {"a": 1, "b": {"c": None}}})
    updated = await person.client.auth.update_user({"data": {"a": None, "d": 2}})
    assert updated.user.user_metadata == {"b": {"c": None}, "d": 2}


async def test_the_secret_key_erases_a_user_with_all_sessions(world: World) -> None:
    """After erasure the token that still runs names nobody, and the rows are gone."""
    person = await world.person("ada@example.com")
    service = await world.service()
    await service.auth.admin.delete_user(person.id)
    with pytest.raises(AuthApiError) as gone:
        await person.client.auth.get_user()
    assert (gone.value.status, gone.value.code) == (403, "user_not_found")
    for table in ("users", "sessions", "refresh_tokens", "identities"):
        assert await world.execute(f"select from auth.{table}") == []
    with pytest.raises(AuthApiError) as soft:
        await service.auth.admin.delete_user(person.id, should_soft_delete=True)
    assert soft.value.status == 501
    bare = await world.http.delete(
        f"/auth/v1/admin/users/{person.id}", headers={"apikey": world.supabase.keys.secret}
    )
    assert bare.status_code == 404
    with pytest.raises(AuthApiError) as again:
        await service.auth.admin.delete_user(person.id)
    assert (again.value.status, again.value.code) == (404, "user_not_found")


async def test_only_the_secret_key_makes_users(world: World) -> None:
    """Someone whom the secret key made signs in with the password; others make nobody."""
    wanted: Any = {"email": "ada@example.com", "password": PASSWORD, "email_confirm": True}
    service = await world.service()
    made = await service.auth.admin.create_user(wanted)
    client = await world.client()
    signed_in = await client.auth.sign_in_with_password(
        {"email": wanted["email"], "password": PASSWORD}
    )
    assert signed_in.user is not None
    assert signed_in.user.id == made.user.id
    with pytest.raises(AuthApiError) as refused:
        await client.auth.admin.create_user(wanted | {"email": "bob@example.com"})
    assert (refused.value.status, refused.value.code) == (403, "not_admin")
    with pytest.raises(AuthApiError) as odd:
        await service.auth.admin.create_user(wanted | {"ban_duration": "1h"})
    assert odd.value.status == 501


async def test_only_the_secret_key_erases(world: World) -> None:
    """A person's own token and the publishable key may not erase anybody."""
    person = await world.person("ada@example.com")
    with pytest.raises(AuthApiError) as refused:
        await person.client.auth.admin.delete_user(person.id)
    assert (refused.value.status, refused.value.code) == (403, "not_admin")
    answer = await world.http.delete(f"/auth/v1/admin/users/{person.id}")
    assert answer.status_code == 403
    assert await person.client.auth.get_user() is not None


async def test_a_token_of_a_rotated_key_verifies_until_that_key_is_revoked(world: World) -> None:
    """Rotation signs with a new key and keeps the old one; revoking it ends its tokens."""
    person = await world.anonymous()
    keys = SigningKeys(world.data_dir.signing_keys)
    new = keys.rotate()
    assert await person.client.auth.get_user() is not None
    fresh = await world.anonymous()
    assert jwt.get_unverified_header(await fresh.token())["kid"] == new
    keys.rotate(revoke_previous=True)
    for someone in (person, fresh):
        with pytest.raises(AuthApiError) as refused:
            await someone.client.auth.get_user()
        assert (refused.value.status, refused.value.code) == (403, "bad_jwt")
    assert len((await world.http.get("/auth/v1/.well-known/jwks.json")).json()["keys"]) == 1


async def test_an_expired_token_is_refused_by_auth(world: World) -> None:
    """A token past its end is a bad one, however well signed."""
    person = await world.anonymous()
    claims = jwt.decode(await person.token(), options={"verify_signature": False})
    expired = SigningKeys(world.data_dir.signing_keys).sign({**claims, "exp": claims["iat"] - 1})
    answer = await world.http.get("/auth/v1/user", headers={"Authorization": f"Bearer {expired}"})
    assert answer.status_code == 403
    assert answer.json()["error_code"] == "bad_jwt"


async def test_a_token_of_a_stranger_is_refused(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A token that another key signed, or that lies about the algorithm, names nobody."""
    person = await world.anonymous()
    claims = jwt.decode(await person.token(), options={"verify_signature": False})
    stranger = SigningKeys(tmp_path_factory.mktemp("stranger") / "keys.json")
    kid = jwt.get_unverified_header(await person.token())["kid"]
    nobodys = SigningKeys(world.data_dir.signing_keys).sign({**claims, "sub": "nobody"})
    forged = [
        nobodys,
        stranger.sign(claims),
        jwt.encode(claims, "secret" * 8, "HS256", headers={"kid": kid}),
        jwt.encode(claims, None, "none", headers={"kid": kid}),  # type: ignore[arg-type]
        "not.a.token",
    ]
    for token in forged:
        answer = await world.http.get("/auth/v1/user", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, token
        assert answer.json()["error_code"] == "bad_jwt"


async def test_a_call_without_a_key_is_refused_and_one_without_a_token_too(world: World) -> None:
    """The gateway wants a key of its own, and a person's call wants a person."""
    async with httpx.AsyncClient(base_url=world.supabase.url) as stranger:
        assert (await stranger.post("/auth/v1/signup", json={})).status_code == 401
        headers = {"apikey": "sb_publishable_wrong"}
        wrong = await stranger.post("/auth/v1/signup", json={}, headers=headers)
        assert wrong.status_code == 401
    key = world.supabase.keys.publishable
    for headers in ({}, {"Authorization": f"Bearer {key}"}):
        answer = await world.http.get("/auth/v1/user", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "no_authorization")


LEFT_OUT = [
    ("POST", "otp", {"email": "ada@example.com"}),
    ("POST", "signup", {"phone": "123", "password": PASSWORD}),
    ("POST", "token?grant_type=id_token", {}),
    ("POST", "recover", {}),
    ("GET", "authorize?provider=github", None),
    ("GET", "admin/users", None),
    ("POST", "factors", {}),
]


async def test_what_auth_leaves_out_is_told_with_501(world: World) -> None:
    """A part of Supabase Auth that is missing says so, in the shape of its errors."""
    for method, path, body in LEFT_OUT:
        answer = await world.http.request(method, f"/auth/v1/{path}", json=body)
        assert answer.status_code == 501
        assert answer.json()["error_code"] == "not_implemented"
        assert "does not support" in answer.json()["msg"]


NO_OBJECTS = ["", "{", "[]", "null", '"text"', '{"data": {"a": "\\ud800"}}', "[" * 200_000]


async def test_a_body_that_is_no_object_is_refused(world: World) -> None:
    """Auth takes JSON objects and says when it got none."""
    for body in NO_OBJECTS:
        answer = await world.http.post("/auth/v1/signup", content=body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "bad_json")


async def test_what_postgres_cannot_hold_is_a_clients_fault(world: World) -> None:
    """A NUL character is refused wherever it stands, and is no outage."""
    bodies: list[tuple[str, dict[str, object]]] = [
        ("signup", {"data": {"name": "a\0"}}),
        ("signup", {"email": "a\0@example.com", "password": PASSWORD}),
        ("token?grant_type=password", {"email": "a\0@example.com", "password": PASSWORD}),
        ("token?grant_type=refresh_token", {"refresh_token": "\0"}),
    ]
    for path, body in bodies:
        answer = await world.http.post(f"/auth/v1/{path}", json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "validation_failed"), path


async def test_a_body_without_end_is_cut_off(world: World) -> None:
    """A JSON body beyond a mebibyte is refused before it is held."""
    answer = await world.http.post("/auth/v1/signup", content=b" " * 1_048_577)
    assert answer.status_code == 413


async def test_errors_take_the_shape_of_the_asked_api_version(world: World) -> None:
    """Clients of 2024 get the code as text, older ones the status."""
    headers = {"X-Supabase-Api-Version": "2024-01-01"}
    new = await world.http.get("/auth/v1/user", headers=headers)
    assert new.headers["x-supabase-api-version"] == "2024-01-01"
    assert new.json()["code"] == "no_authorization"
    old = (await world.http.get("/auth/v1/user")).json()
    assert (old["code"], old["error_code"]) == (401, "no_authorization")


async def test_health_is_open_and_settings_tell_what_there_is(world: World) -> None:
    """A probe needs no key; a client learns that anonymous sign-in is on."""
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(f"{world.supabase.url}/auth/v1/health")).status_code == 200
    settings = (await world.http.get("/auth/v1/settings")).json()
    assert settings["external"] == {"anonymous_users": True, "email": True, "phone": False}
