"""Access tokens with faults."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.security.fuzzing import bounded, mutated
from transcription.errors import Unauthenticated
from transcription.identity.verifier import Verifier

ISSUER = "http://auth.test/auth/v1"
KEY = ec.generate_private_key(ec.SECP256R1())
CLAIMS = {
    "iss": ISSUER,
    "aud": "authenticated",
    "role": "authenticated",
    "sub": "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01",
    "exp": 4_000_000_000,
}


class OneKey:
    """A set of one key, which goes by every name."""

    async def key(self, kid: str) -> jwt.PyJWK:
        """Return it."""
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key()))
        return jwt.PyJWK({**public, "kid": kid, "alg": "ES256"})


def _verifier() -> Verifier:
    return Verifier(issuer=ISSUER, keys=OneKey(), secret=SecretStr("s" * 40))


TOKEN = jwt.encode(CLAIMS, KEY, algorithm="ES256", headers={"kid": "one"}).encode()
HEADER, PAYLOAD, SIGNATURE = TOKEN.split(b".")


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


async def _is_taken(token: bytes) -> bool:
    """Whether a token is taken. The only other way is one word of ours."""
    try:
        await _verifier().user(token.decode("latin-1"))
    except Unauthenticated:
        return False
    return True


async def test_the_token_itself_is_good() -> None:
    """What the others are made of is taken."""
    assert await _is_taken(TOKEN)


@given(st.data())
@bounded(300)
async def test_a_token_with_a_fault_is_refused(data: Any) -> None:
    """No change to a token, nor to what its parts hold, leaves it good."""
    header, payload = (base64.urlsafe_b64decode(part + b"==") for part in (HEADER, PAYLOAD))
    token = data.draw(
        mutated(TOKEN)
        | mutated(header).map(lambda part: b".".join((_part(part), PAYLOAD, SIGNATURE)))
        | mutated(payload).map(lambda part: b".".join((HEADER, _part(part), SIGNATURE)))
    )
    assert not await _is_taken(token) or _says_the_same(token)


def _says_the_same(token: bytes) -> bool:
    """Whether the three parts are the same bytes, written in another way."""
    parts = [base64.urlsafe_b64decode(part + b"==") for part in token.split(b".")]
    return parts == [base64.urlsafe_b64decode(part + b"==") for part in TOKEN.split(b".")]


@given(st.sampled_from(("alg", "kid", "typ", "crit", "b64")), st.integers(1, 5000), st.booleans())
@bounded(50)
async def test_depth_is_no_bug(name: str, depth: int, closed: bool) -> None:
    """A header as deep as a token may be long is refused like any other."""
    deep = b"[" * depth + b"]" * (depth * closed)
    for head in (b'{"%b":%b}', b'{"alg":"HS256","%b":%b}', b'{"alg":"ES256","kid":"one","%b":%b}'):
        token = b".".join((_part(head % (name.encode(), deep)), PAYLOAD, SIGNATURE))
        assert not await _is_taken(token)


async def test_who_signs_the_payload_signs_the_header_too() -> None:
    """A good signature under another header is none."""
    for header in ({"alg": "ES256", "kid": "other"}, {"alg": "ES256", "kid": "one", "x": 1}):
        token = b".".join((_part(json.dumps(header).encode()), PAYLOAD, SIGNATURE))
        with pytest.raises(Unauthenticated):
            await _verifier().user(token.decode())
