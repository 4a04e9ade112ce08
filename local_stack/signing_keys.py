"""The ES256 keys that sign access tokens, kept between runs and rotated by command."""

import json
import uuid
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from local_stack.data_dir import write_private

ALGORITHM = "ES256"


class SigningKeys:
    """A file of private JWKs; the first signs, all verify.

    A rotation by another process is seen at the next use, without a restart.

    Args:
        path: The file; made with one key, readable by its owner alone, where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = (0, 0)
        self._keys: list[dict[str, Any]] = []
        if not path.exists():
            self._write([_new_key()])

    def _write(self, keys: list[dict[str, Any]]) -> None:
        write_private(self._path, json.dumps({"keys": keys}, indent=2) + "\n")

    def _current(self) -> list[dict[str, Any]]:
        stat = self._path.stat()
        changed_at = (stat.st_ino, stat.st_mtime_ns)
        if changed_at != self._read_at:
            self._keys = json.loads(self._path.read_text())["keys"]
            self._read_at = changed_at
        return self._keys

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public half of every key, as a JSON Web Key Set (RFC 7517)."""
        public = [
            {name: value for name, value in key.items() if name != "d"} | {"key_ops": ["verify"]}
            for key in self._current()
        ]
        return {"keys": public}

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWT over ``claims``, signed by the current key."""
        key = self._current()[0]
        private = ECAlgorithm.from_jwk(key)
        return jwt.encode(claims, private, algorithm=ALGORITHM, headers={"kid": key["kid"]})  # type: ignore[arg-type]

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the keys signed and that has not expired.

        Raises:
            jwt.InvalidTokenError: Malformed, expired, forged, or signed by a key that is gone.
        """
        kid = jwt.get_unverified_header(token).get("kid")
        for key in self.jwks()["keys"]:
            if key["kid"] == kid:
                claims: dict[str, Any] = jwt.decode(
                    token,
                    jwt.PyJWK(key),
                    algorithms=[ALGORITHM],
                    options={"require": ["exp", "sub", "role"], "verify_aud": False},
                )
                return claims
        raise jwt.InvalidTokenError("unrecognized JWT kid")

    def rotate(self, *, revoke_previous: bool = False) -> str:
        """Sign with a new key from now on.

        Args:
            revoke_previous: Drop the former keys at once, which ends every token they signed;
                otherwise they go on verifying.

        Returns:
            The new key's id.
        """
        key = _new_key()
        self._write([key] if revoke_previous else [key, *self._current()])
        return str(key["kid"])


def _new_key() -> dict[str, Any]:
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm.to_jwk(private, as_dict=True)
    return {
        **jwk,
        "kid": str(uuid.uuid4()),
        "alg": ALGORITHM,
        "use": "sig",
        "key_ops": ["sign", "verify"],
        "ext": True,
    }
