"""Encryption at rest: AES-256-GCM, with a ring of keys that can be rotated.

The first key of the ring encrypts; every key decrypts. A ciphertext is bound to its row and cannot
be decrypted in another.
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""Random for each message (NIST SP 800-38D, section 8.2.2): no two in 2^32 are likely the same."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")


class UnreadableError(Exception):
    """What was sealed cannot be opened: its key has left the ring, or it is not what was sealed.

    Attributes:
        ring_key: The name of the key that it says it was sealed with.
        known: Whether the ring has a key of that name.
    """

    def __init__(self, ring_key: str, *, known: bool) -> None:
        self.ring_key = ring_key
        self.known = known
        super().__init__(ring_key)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is kept."""

    ring_key: str
    """Name of the key that it is sealed with."""
    text: str
    """Nonce and ciphertext, base64url without padding."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed secret belongs; it is authenticated with it (RFC 5116, section 2.1)."""

    user_id: str
    provider: str
    id: str
    """Of the row."""

    def associated_data(self, ring_key: str) -> bytes:
        """Return the place as bytes. No part of it can hold the separator."""
        parts = ("utter-transcribe own key", ring_key, self.provider, self.user_id, self.id)
        return "\0".join(parts).encode()


class KeyRing:
    """Seals and opens secrets.

    Args:
        keys: 32 bytes each, by name; the first one seals.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self.current = next(iter(keys))

    @classmethod
    def parse(cls, text: SecretStr) -> Self:
        """Return the ring that a setting describes: `name:base64,…`, the one in use first.

        Raises:
            ValueError: it is none; the message names the key and never holds it.
        """
        keys: dict[str, bytes] = {}
        for place, part in enumerate(text.get_secret_value().split(","), start=1):
            name, colon, encoded = part.strip().partition(":")
            if not colon or not _NAME.fullmatch(name):
                message = f"key {place} must be like 2026a:<base64 of {KEY_BYTES} random bytes>"
                raise ValueError(message)
            if name in keys:
                message = f"there are two keys called {name}"
                raise ValueError(message)
            keys[name] = _decoded(name, encoded)
        return cls(keys)

    def seal(self, secret: SecretStr, place: Place) -> Sealed:
        """Encrypt a secret with the first key."""
        nonce = os.urandom(NONCE_BYTES)
        ciphertext = self._ciphers[self.current].encrypt(
            nonce, secret.get_secret_value().encode(), place.associated_data(self.current)
        )
        text = base64.urlsafe_b64encode(nonce + ciphertext).rstrip(b"=").decode()
        return Sealed(self.current, text)

    def open(self, sealed: Sealed, place: Place) -> SecretStr:
        """Decrypt what was sealed in this place.

        Raises:
            UnreadableError: it cannot be.
        """
        cipher = self._ciphers.get(sealed.ring_key)
        if cipher is None:
            raise UnreadableError(sealed.ring_key, known=False)
        try:
            raw = base64.urlsafe_b64decode(sealed.text + "=" * (-len(sealed.text) % 4))
            plain = cipher.decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.associated_data(sealed.ring_key)
            )
        except (InvalidTag, ValueError):
            raise UnreadableError(sealed.ring_key, known=True) from None
        return SecretStr(plain.decode())


def _decoded(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        message = f"key {name} must be {KEY_BYTES} random bytes in base64 (openssl rand -base64 32)"
        raise ValueError(message)
    return key
