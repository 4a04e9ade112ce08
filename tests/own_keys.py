"""Rings and keys of users' own, for tests."""

import base64
import hashlib

from transcription.user_keys.key_ring import KeyRing


def ring_key(name: str) -> bytes:
    """Return the key that the tests know by a name."""
    return hashlib.sha256(name.encode()).digest()


def ring_setting(*names: str) -> str:
    """Return `BYOK_KEYS`."""
    return ",".join(f"{name}:{base64.b64encode(ring_key(name)).decode()}" for name in names)


def ring(*names: str) -> KeyRing:
    """Return a ring of such keys."""
    return KeyRing({name: ring_key(name) for name in names})


RING = ring_setting("2026a")
