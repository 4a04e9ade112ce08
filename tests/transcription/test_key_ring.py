"""Secrets at rest: what is sealed opens in its own place, with its own key, and nowhere else."""

import base64
import os
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tests.own_keys import RING, ring
from transcription.user_keys.key_ring import NONCE_BYTES, KeyRing, Place, Sealed, UnreadableError

ADA = Place(
    "00000000-0000-4000-8000-00000000000a", "mistral", "30000000-0000-4000-8000-00000000000a"
)
SECRET = SecretStr("users-own-secret-0123456789")


def bytes_of(sealed: Sealed) -> bytes:
    """Return nonce and ciphertext."""
    return base64.urlsafe_b64decode(sealed.text + "=" * (-len(sealed.text) % 4))


def test_what_is_sealed_opens() -> None:
    """A secret comes back whole, and stands nowhere in what is kept."""
    keys = ring("one")
    sealed = keys.seal(SECRET, ADA)
    assert keys.open(sealed, ADA) == SECRET
    assert SECRET.get_secret_value().encode() not in bytes_of(sealed)
    assert len(bytes_of(sealed)) == NONCE_BYTES + len(SECRET) + 16


def test_no_nonce_comes_twice() -> None:
    """The same secret in the same place is sealed otherwise each time."""
    keys = ring("one")
    nonces = {bytes_of(keys.seal(SECRET, ADA))[:NONCE_BYTES] for _ in range(1000)}
    assert len(nonces) == 1000


@pytest.mark.parametrize(
    "moved",
    [
        replace(ADA, user_id="00000000-0000-4000-8000-00000000000b"),
        replace(ADA, provider="another"),
        replace(ADA, id="30000000-0000-4000-8000-00000000000b"),
        replace(ADA, user_id=ADA.id, id=ADA.user_id),
    ],
)
def test_what_was_moved_does_not_open(moved: Place) -> None:
    """A ciphertext in another's row, at another provider, or of another time is worth nothing."""
    keys = ring("one")
    sealed = keys.seal(SECRET, ADA)
    with pytest.raises(UnreadableError) as told:
        keys.open(sealed, moved)
    assert told.value.known
    assert keys.open(sealed, ADA) == SECRET


def test_what_was_changed_does_not_open() -> None:
    """Every bit of nonce, ciphertext and tag counts."""
    keys = ring("one")
    raw = bytes_of(keys.seal(SECRET, ADA))
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        text = base64.urlsafe_b64encode(bytes(changed)).decode()
        with pytest.raises(UnreadableError):
            keys.open(Sealed("one", text), ADA)
    for text in ("", "AAAA", "not base64!"):
        with pytest.raises(UnreadableError):
            keys.open(Sealed("one", text), ADA)


def test_the_first_key_seals_and_every_key_opens() -> None:
    """While a ring turns, what the older key has sealed is read, and what is new is the newer's."""
    sealed = ring("old").seal(SECRET, ADA)
    both = ring("new", "old")
    assert both.open(sealed, ADA) == SECRET
    assert both.seal(SECRET, ADA).ring_key == both.current == "new"
    with pytest.raises(UnreadableError) as told:
        ring("new").open(sealed, ADA)
    assert (told.value.ring_key, told.value.known) == ("old", False)


def test_a_name_does_not_make_a_key() -> None:
    """Another key under the same name opens nothing, nor does the same key under another name."""
    one, other = os.urandom(32), os.urandom(32)
    sealed = KeyRing({"a": one}).seal(SECRET, ADA)
    for keys in ({"a": other}, {"a": other, "b": one}):
        with pytest.raises(UnreadableError):
            KeyRing(keys).open(sealed, ADA)
    with pytest.raises(UnreadableError):
        KeyRing({"b": one}).open(Sealed("b", sealed.text), ADA)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "key 1 must be like"),
        (f"{RING},", "key 2 must be like"),
        ("a b:AAAA", "key 1 must be like"),
        ("a" * 33 + ":AAAA", "key 1 must be like"),
        ("a:not-base64", "key a must be 32 random bytes"),
        ("a:" + base64.b64encode(bytes(31)).decode(), "key a must be 32 random bytes"),
        (f"{RING},{RING}", "two keys called 2026a"),
    ],
)
def test_a_ring_with_a_fault(text: str, told: str) -> None:
    """What is wrong with a ring is told by the key's name, and never by the key."""
    with pytest.raises(ValueError, match=told) as fault:
        KeyRing.parse(SecretStr(text))
    for part in text.split(","):
        _, _, secret = part.partition(":")
        assert not secret or secret not in str(fault.value)


def test_a_ring_shows_no_key() -> None:
    """Neither a ring nor a failure shows what it is made of."""
    keys = KeyRing.parse(SecretStr(RING))
    assert RING.partition(":")[2] not in repr(keys) + str(vars(keys))
    assert SECRET.get_secret_value() not in repr(SECRET)
