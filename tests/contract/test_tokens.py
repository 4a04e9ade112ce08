"""Who is let in: the same tokens by every service, and no other."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.contract.world import RSA_KEY, Target
from tests.edge_functions.world import PATH, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

STRANGER = ec.generate_private_key(ec.SECP256R1())
IN_THE_FUTURE = 4_102_444_800
"""The year 2100: a test's id holds it, and must be the same in every process."""


def own_key(target: Target) -> tuple[Any, str]:
    """Return the project's signing key and its name."""
    key = json.loads(target.stack.data_dir.signing_keys.read_text())["keys"][0]
    return ECAlgorithm.from_jwk(key), key["kid"]


def claims(target: Target, **changes: Any) -> dict[str, Any]:
    """Return what Supabase Auth puts into a token; a change to None leaves a claim out."""
    now = int(time.time())
    whole = {
        "iss": f"{target.stack.supabase.url}/auth/v1",
        "aud": "authenticated",
        "exp": now + 600,
        "iat": now,
        "sub": str(uuid4()),
        "role": "authenticated",
        "is_anonymous": False,
    }
    return {name: one for name, one in {**whole, **changes}.items() if one is not None}


def raw(header: Any, body: Any, signature: bytes = b"") -> str:
    """Return a token whose parts are as given, however wrong."""
    parts = (json.dumps(header).encode(), json.dumps(body).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts)


def signed(target: Target, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a token well signed with the project's own key, whatever it says."""
    key, kid = own_key(target)
    unsigned = raw({"alg": "ES256", "typ": "JWT", "kid": kid, **(header or {})}, {})
    body = raw({}, claims(target, **changes)).split(".")[1]
    text = f"{unsigned.split('.')[0]}.{body}"
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(text.encode(), key)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def asked(target: Target, token: str) -> httpx.Response:
    """Ask for the usage with a token."""
    return await target.http.get("/api/usage", headers={"Authorization": f"Bearer {token}"})


async def refused(target: Target, token: str, code: str = "unauthenticated") -> None:
    """Assert that a token is refused with this code."""
    response = await asked(target, token)
    told = problem(response)
    assert (told.status, told.code) == (401, code)
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_good_token_is_a_user(target: Target) -> None:
    """The forged tokens below fail for what is wrong in them: the same without it is good."""
    assert (await asked(target, signed(target))).status_code == 200
    token = jwt.encode(claims(target), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    assert (await asked(target, token)).status_code == 200
    assert (await asked(target, signed(target, sub=str(uuid4()).upper()))).status_code == 200


async def test_callers_need_a_token(target: Target, speech: bytes) -> None:
    """Without a good token the body is not even looked at."""
    good = signed(target)
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Bearer {target.stack.supabase.keys.publishable}"},
        {"Authorization": f"Bearer {target.stack.supabase.keys.secret}"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": good},
        {"apikey": target.stack.supabase.keys.secret},
    ):
        response = await target.http.post(PATH, files={"audio": speech}, headers=headers)
        told = problem(response)
        assert (told.status, told.code) == (401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"
    bearer = f"Bearer {good}"
    for values in ([bearer, bearer], [f"{bearer} x"], [f"Bearer \xa0{good}"]):
        odd = [(b"Authorization", value.encode("latin-1")) for value in values]
        assert problem(await target.http.get("/api/usage", headers=odd)).status == 401
    assert problem(await target.http.get(f"/api/usage?access_token={good}")).status == 401
    told = problem(await asked(target, "sb_secret_abc"))
    assert "API key" in told.detail


@pytest.mark.parametrize("algorithm", ["none", "None", "", None, ["ES256"], "HS256", "ES512"])
@pytest.mark.parametrize("signature", [b"", b"x" * 64])
async def test_an_unsigned_token_is_refused(
    target: Target, algorithm: object, signature: bytes
) -> None:
    """A token that says it needs no signature, or another kind of one, is refused."""
    _, kid = own_key(target)
    await refused(target, raw({"alg": algorithm, "kid": kid}, claims(target), signature))


@pytest.mark.parametrize("kid", ["rsa", "own"])
async def test_a_public_key_is_no_secret(target: Target, kid: str) -> None:
    """A token signed HS256 with a public key as the secret is refused (RFC 8725, 2.1)."""
    key, own = own_key(target)
    public = RSA_KEY.public_key() if kid == "rsa" else key.public_key()
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        secret = public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        head = raw({"alg": "HS256", "kid": kid if kid == "rsa" else own}, claims(target))
        text = head.rstrip(".")
        digest = hmac.digest(secret, text.encode(), hashlib.sha256)
        await refused(target, f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (RSA_KEY, "RS256", "own"),
        (STRANGER, "ES256", "rsa"),
        (RSA_KEY, "RS512", "rsa"),
        (RSA_KEY, "PS256", "rsa"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384", "own"),
        (STRANGER, "ES256", "own"),
    ],
    ids=["rsa-as-ec", "ec-as-rsa", "rs512", "ps256", "es384", "stranger"],
)
async def test_a_key_is_used_as_what_it_is(
    target: Target, key: Any, algorithm: str, kid: str
) -> None:
    """The key's own type decides how it verifies; no other signature passes under its name."""
    name = own_key(target)[1] if kid == "own" else kid
    headers = {"kid": name}
    await refused(target, jwt.encode(claims(target), key, algorithm=algorithm, headers=headers))


@pytest.mark.parametrize("kid", [None, 7, "", ["own"], {"kid": "own"}, "../../etc/passwd", "x\0"])
async def test_a_kid_is_a_name_and_nothing_else(target: Target, kid: object) -> None:
    """A `kid` that is missing or no string is refused; one that is unknown may be an old one."""
    code = "token_expired" if isinstance(kid, str) else "unauthenticated"
    await refused(target, signed(target, {"kid": kid}), code)


async def test_a_token_brings_no_key_of_its_own(target: Target) -> None:
    """Keys and addresses of keys in a token's header are passed over."""
    jwk = json.loads(ECAlgorithm.to_jwk(STRANGER.public_key()))
    headers = {"kid": own_key(target)[1], "jwk": jwk, "jku": "https://evil.example/jwks"}
    token = jwt.encode(claims(target), STRANGER, algorithm="ES256", headers=headers)
    await refused(target, token)


@pytest.mark.parametrize("header", [{"crit": ["exp"], "exp": 1}, {"b64": False, "crit": ["b64"]}])
async def test_what_must_be_understood_is(target: Target, header: dict[str, Any]) -> None:
    """A token with a critical header that nobody here knows is refused (RFC 7515, 4.1.11)."""
    await refused(target, signed(target, header))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another.example/auth/v1"},
        {"iss": ["https://another.example/auth/v1"]},
        {"aud": "anon"},
        {"aud": []},
        {"aud": "authenticated "},
        {"role": "service_role"},
        {"role": "anon"},
        {"role": ["authenticated"]},
        {"sub": "not a uuid"},
        {"sub": ""},
        {"sub": 7},
        {"nbf": IN_THE_FUTURE},
        {"iat": IN_THE_FUTURE},
        {"exp": "soon"},
        *({name: None} for name in ("iss", "aud", "role", "sub", "exp")),
    ],
    ids=str,
)
async def test_a_claim_that_is_not_ours_is_refused(target: Target, changes: dict[str, Any]) -> None:
    """Issuer, audience, role, subject and times must be there and be ours."""
    await refused(target, signed(target, **changes))


async def test_the_issuer_is_ours_to_the_letter(target: Target) -> None:
    """An issuer with a slash more is another."""
    await refused(target, signed(target, iss=f"{target.stack.supabase.url}/auth/v1/"))


async def test_expiry_has_its_own_word_and_some_leeway(target: Target) -> None:
    """A token that has expired is told apart; clocks may differ by a few seconds."""
    now = int(time.time())
    for past in (now - 15, now - 15.5, 0, -1, -1e300):
        await refused(target, signed(target, exp=past), "token_expired")
    assert (await asked(target, signed(target, exp=now - 5))).status_code == 200
    assert (await asked(target, signed(target, nbf=now + 5))).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": "4000000000"},
        {"exp": True},
        {"exp": [4_000_000_000]},
        {"exp": {}},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"nbf": -(10**400)},
        {"iat": "1000000000"},
        {"iat": False},
        {"iat": 4_000_000_000},
        {"nbf": "1000000000"},
        {"nbf": 4_000_000_000},
        {"nbf": []},
        {"aud": ["authenticated", 7]},
        {"aud": [["authenticated"]]},
        {"aud": {"authenticated": 1}},
        {"iss": ["x"]},
        {"sub": 7},
        {"sub": uuid4().hex},
        {"sub": f"{{{uuid4()}}}"},
        {"sub": f"urn:uuid:{uuid4()}"},
        {"sub": f" {uuid4()}"},
        {"role": ["authenticated"]},
        {"role": "Authenticated"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_claims_are_of_their_kind(target: Target, changes: dict[str, Any]) -> None:
    """A time is a number, an audience a text, a subject a UUID as Postgres writes it."""
    await refused(target, signed(target, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 4_000_000_000.5},
        {"iat": 1e9},
        {"nbf": 0},
        {"aud": ["authenticated"]},
        {"aud": ["else", "authenticated"]},
        {"jti": 7},
        {"is_anonymous": "true"},
        {"session_id": 7},
        {"email": {"a": [1]}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_other_claims_do_not_matter(target: Target, changes: dict[str, Any]) -> None:
    """What is not asked for may be anything, and numbers may have fractions."""
    assert (await asked(target, signed(target, **changes))).status_code == 200


@pytest.mark.parametrize("odd", ["{}=", "{}!", "!{}", "{}.", ".{}", "{}%00"])
async def test_a_token_is_three_words(target: Target, odd: str) -> None:
    """A token holds nothing but base64url and two dots, though decoders may pass over the rest."""
    await refused(target, odd.format(signed(target)))


async def test_a_forged_token_is_not_told_that_it_expired(target: Target) -> None:
    """The signature is looked at first, so that nobody learns the times of forged tokens."""
    headers = {"kid": own_key(target)[1]}
    body = claims(target, exp=1_000_000_000)
    await refused(target, jwt.encode(body, STRANGER, algorithm="ES256", headers=headers))


async def test_a_changed_token_is_refused(target: Target) -> None:
    """A signature covers the header and the payload: neither can be changed."""
    head, body, signature = signed(target).split(".")
    other = signed(target, sub=str(uuid4())).split(".")[1]
    await refused(target, f"{head}.{other}.{signature}")
    await refused(target, f"{raw({'alg': 'ES256', 'kid': own_key(target)[1]}, 0)}")
    await refused(target, f"{head}.{body}")
    await refused(target, f"{head}.{body}.{signature}.{signature}")


async def test_a_token_is_not_endless(target: Target) -> None:
    """A token that is too long is refused before it is looked at."""
    await refused(target, signed(target, padding="x" * 16_384))
