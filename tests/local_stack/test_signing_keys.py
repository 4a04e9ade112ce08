"""Laws of the keys that sign tokens."""

import stat
from pathlib import Path

import jwt
import pytest

from local_stack.signing_keys import SigningKeys

CLAIMS = {"sub": "someone", "role": "authenticated", "exp": 4_000_000_000}


def test_a_token_outlives_a_restart(tmp_path: Path) -> None:
    """A signature of one run verifies in the next; the file is readable by its owner alone."""
    path = tmp_path / "keys.json"
    token = SigningKeys(path).sign(CLAIMS)
    assert SigningKeys(path).verify(token) == CLAIMS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_rotation_is_seen_by_who_has_the_keys_already(tmp_path: Path) -> None:
    """A command in another process changes the key that signs, without a restart."""
    path = tmp_path / "keys.json"
    running = SigningKeys(path)
    before = running.sign(CLAIMS)
    kid = SigningKeys(path).rotate()
    assert jwt.get_unverified_header(running.sign(CLAIMS))["kid"] == kid
    assert running.verify(before) == CLAIMS
    assert len(running.jwks()["keys"]) == 2
    SigningKeys(path).rotate(revoke_previous=True)
    with pytest.raises(jwt.InvalidTokenError):
        running.verify(before)


@pytest.mark.parametrize("missing", ["sub", "role", "exp"])
def test_a_token_without_what_matters_does_not_verify(tmp_path: Path, missing: str) -> None:
    """A person, a role and an end are required of every token."""
    keys = SigningKeys(tmp_path / "keys.json")
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    with pytest.raises(jwt.MissingRequiredClaimError):
        keys.verify(keys.sign(claims))
