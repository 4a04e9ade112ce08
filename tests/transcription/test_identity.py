"""A bearer token becomes a user, or a word for why not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import SecretStr

from tests.doubles.auth import USER
from transcription.errors import Forbidden, TokenExpired, TranscriptionError, Unauthenticated
from transcription.identity.verifier import LEEWAY_SECONDS, Verifier

ISSUER = "https://project.example/auth/v1"
SECRET = "a shared secret of thirty-two bytes"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
STRANGER = ec.generate_private_key(ec.SECP256R1())
SESSION = str(uuid4())
IN_THE_FUTURE = 4_102_444_800
"""The year 2100: a test's id holds it, and must be the same in every process."""


def _jwk(text: str, algorithm: str) -> jwt.PyJWK:
    public: dict[str, Any] = json.loads(text)
    return jwt.PyJWK({**public, "alg": algorithm})


class Keys:
    """A key set that is held in memory; notes who was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._keys: Mapping[str, jwt.PyJWK] = {
            "ec": _jwk(ECAlgorithm.to_jwk(EC_KEY.public_key()), "ES256"),
            "rsa": _jwk(RSAAlgorithm.to_jwk(RSA_KEY.public_key()), "RS256"),
        }

    async def key(self, kid: str) -> jwt.PyJWK:
        """Return the key, as a key set does."""
        self.asked.append(kid)
        if kid not in self._keys:
            raise Unauthenticated
        return self._keys[kid]


def _verifier(*, secret: str | None = None, allow_anonymous: bool = True) -> Verifier:
    return Verifier(
        issuer=ISSUER,
        keys=Keys(),
        secret=SecretStr(secret) if secret is not None else None,
        allow_anonymous=allow_anonymous,
    )


def _claims(**changes: Any) -> dict[str, Any]:
    """Return what Supabase Auth puts into an access token; a change to None leaves a claim out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": USER,
        "exp": now + 3600,
        "iat": now,
        "session_id": SESSION,
        "is_anonymous": False,
        "email": "someone@example.com",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _token(key: Any = EC_KEY, algorithm: str = "ES256", kid: str = "ec", **changes: Any) -> str:
    return jwt.encode(_claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


def _raw(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """Return a token whose parts are as given, however wrong."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def test_a_good_token_is_a_user() -> None:
    """The claims of Supabase Auth become a user."""
    expires_at = int(time.time()) + 60
    user = await _verifier().user(_token(exp=expires_at))
    assert (user.id, user.session_id, user.is_anonymous) == (USER, SESSION, False)
    assert user.expires_at == expires_at


async def test_ids_have_one_spelling() -> None:
    """A user's id is a UUID in lower case, however the token spells it."""
    assert (await _verifier().user(_token(sub=USER.upper()))).id == USER


async def test_rs256_is_taken() -> None:
    """Projects may sign with RSA."""
    assert (await _verifier().user(_token(RSA_KEY, "RS256", "rsa"))).id == USER


async def test_hs256_is_taken_where_its_secret_is_set() -> None:
    """Older projects sign with a shared secret; those tokens need no key set and no `kid`."""
    token = jwt.encode(_claims(), SECRET, algorithm="HS256")
    assert (await _verifier(secret=SECRET).user(token)).id == USER
    with pytest.raises(Unauthenticated):
        await _verifier().user(token)
    with pytest.raises(Unauthenticated):
        await _verifier(secret="another secret of thirty-two byte").user(token)


async def test_the_new_keys_serve_beside_the_old_secret() -> None:
    """While a project moves from a shared secret to keys, both kinds of tokens are good."""
    assert (await _verifier(secret=SECRET).user(_token())).id == USER


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 7, ["ES256"]])
async def test_an_unsigned_token_is_refused(algorithm: object) -> None:
    """A token that says it needs no signature is refused, with a secret set or without."""
    for signature in (b"", b"x"):
        token = _raw({"alg": algorithm, "kid": "ec", "typ": "JWT"}, _claims(), signature)
        for secret in (None, SECRET):
            with pytest.raises(Unauthenticated):
                await _verifier(secret=secret).user(token)


@pytest.mark.parametrize("kid", ["rsa", "ec"])
@pytest.mark.parametrize("secret", [None, SECRET])
async def test_a_public_key_is_no_secret(kid: str, secret: str | None) -> None:
    """A token signed HS256 with our public key as the secret is refused (RFC 8725, 2.1)."""
    key = (RSA_KEY if kid == "rsa" else EC_KEY).public_key()
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        public = key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        signed = _raw({"alg": "HS256", "kid": kid}, _claims()).rstrip(".")
        digest = hmac.digest(public, signed.encode(), hashlib.sha256)
        token = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        with pytest.raises(Unauthenticated):
            await _verifier(secret=secret).user(token)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (RSA_KEY, "RS256", "ec"),
        (EC_KEY, "ES256", "rsa"),
        (RSA_KEY, "RS512", "rsa"),
        (RSA_KEY, "PS256", "rsa"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384", "ec"),
        (STRANGER, "ES256", "ec"),
        (EC_KEY, "ES256", "nobody's"),
    ],
    ids=["rsa-as-ec", "ec-as-rsa", "rs512", "ps256", "es384", "stranger", "unknown"],
)
async def test_a_key_is_used_as_what_it_is(key: Any, algorithm: str, kid: str) -> None:
    """The key's own type decides how it verifies; no other signature passes under its name."""
    with pytest.raises(Unauthenticated) as failure:
        await _verifier().user(_token(key, algorithm, kid))
    assert type(failure.value) is Unauthenticated


@pytest.mark.parametrize("kid", [None, 7, "", ["ec"], {"kid": "ec"}, "../../etc/passwd", "ec\0"])
async def test_a_kid_is_a_name_and_nothing_else(kid: object) -> None:
    """A `kid` that is missing, no string or no name of ours is refused."""
    good = _token().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": kid}).encode())
    with pytest.raises(Unauthenticated):
        await _verifier().user(".".join((header.rstrip(b"=").decode(), *good[1:])))


async def test_a_token_brings_no_key_of_its_own() -> None:
    """Keys and addresses of keys in a token's header are passed over."""
    jwk = json.loads(ECAlgorithm.to_jwk(STRANGER.public_key()))
    headers = {"kid": "ec", "jwk": jwk, "jku": "https://evil.example/jwks", "x5u": "x"}
    token = jwt.encode(_claims(), STRANGER, algorithm="ES256", headers=headers)
    with pytest.raises(Unauthenticated):
        await _verifier().user(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another.example/auth/v1"},
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"aud": "anon"},
        {"aud": []},
        {"aud": "authenticated "},
        {"role": "service_role"},
        {"role": "anon"},
        {"role": ["authenticated"]},
        {"sub": "not a uuid"},
        {"sub": ""},
        {"nbf": IN_THE_FUTURE},
        {"iat": IN_THE_FUTURE},
        {"exp": "soon"},
        {"exp": 10**400},
        *({name: None} for name in ("iss", "aud", "role", "sub", "exp")),
    ],
    ids=lambda changes: str(changes)[:60],
)
async def test_a_claim_that_is_not_ours_is_refused(changes: dict[str, Any]) -> None:
    """Issuer, audience, role, subject and times must be there and be ours."""
    with pytest.raises(Unauthenticated) as failure:
        await _verifier(secret=SECRET).user(_signed_hs256(_claims(**changes)))
    assert type(failure.value) is Unauthenticated


async def test_a_token_of_the_service_is_no_user() -> None:
    """The old service key is a JWT of the same secret, and signs nobody in."""
    service = {"role": "service_role", "iss": "supabase", "exp": int(time.time()) + 3600}
    token = jwt.encode(service, SECRET, algorithm="HS256")
    with pytest.raises(Unauthenticated):
        await _verifier(secret=SECRET).user(token)


@pytest.mark.parametrize("token", ["sb_secret_abc", "sb_publishable_abc"])
async def test_an_api_key_is_told_as_such(token: str) -> None:
    """An API key in the place of a token is told to be one, since that is a common mistake."""
    with pytest.raises(Unauthenticated, match="API key"):
        await _verifier().user(token)


async def test_expiry_has_its_own_word_and_some_leeway() -> None:
    """A token that has expired is told apart; clocks may differ by a few seconds."""
    now = int(time.time())
    with pytest.raises(TokenExpired):
        await _verifier().user(_token(exp=now - LEEWAY_SECONDS - 5))
    assert (await _verifier().user(_token(exp=now - LEEWAY_SECONDS + 5))).id == USER
    assert (await _verifier().user(_token(nbf=now + LEEWAY_SECONDS - 5))).id == USER


async def test_a_forged_token_is_not_told_that_it_expired() -> None:
    """The signature is looked at first, so that nobody learns the times of forged tokens."""
    with pytest.raises(Unauthenticated) as failure:
        await _verifier().user(_token(STRANGER, exp=1_000_000_000))
    assert type(failure.value) is Unauthenticated


async def test_anonymous_users_may_be_kept_out() -> None:
    """Anonymous users are users unless the deployment says otherwise."""
    token = _token(is_anonymous=True)
    assert (await _verifier().user(token)).is_anonymous
    with pytest.raises(Forbidden):
        await _verifier(allow_anonymous=False).user(token)
    assert (await _verifier(allow_anonymous=False).user(_token())).id == USER


async def test_a_session_is_told_where_it_is_known() -> None:
    """A token without a session, or with an odd one, is good all the same."""
    for session in (None, 7):
        assert (await _verifier().user(_token(session_id=session))).session_id is None


@given(st.text(max_size=200) | st.binary(max_size=90).map(lambda raw: raw.decode("latin-1")))
async def test_no_text_is_a_bug(text: str) -> None:
    """Whatever comes in the place of a token, it is refused in a word of ours."""
    with pytest.raises(Unauthenticated):
        await _verifier(secret=SECRET).user(text)


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "b64", "crit"]), PARTS),
    claims=st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "role"]), PARTS),
)
async def test_no_signed_claims_are_a_bug(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """Whatever a token says, well signed or not, it is refused in a word of ours."""
    token = jwt.encode(_claims() | {"sub": USER}, EC_KEY, algorithm="ES256")
    signature = base64.urlsafe_b64decode(token.split(".")[2] + "==")
    for text in (
        _raw({"alg": "ES256", "kid": "ec"} | header, claims, signature),
        _raw({"alg": "HS256"}, claims, signature),
    ):
        with pytest.raises(TranscriptionError):
            await _verifier(secret=SECRET).user(text)
    odd = _signed_hs256(_claims() | claims | {"role": "nobody"})
    with pytest.raises(Unauthenticated):
        await _verifier(secret=SECRET).user(odd)


def _signed_hs256(claims: Mapping[str, Any]) -> str:
    signed = _raw({"alg": "HS256"}, claims).rstrip(".")
    digest = hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


async def test_a_token_is_not_endless() -> None:
    """A token that is too long is refused before it is looked at."""
    keys = Keys()
    verifier = Verifier(issuer=ISSUER, keys=keys)
    with pytest.raises(Unauthenticated):
        await verifier.user(_token(padding="x" * 16_384))
    assert keys.asked == []
