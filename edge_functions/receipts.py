"""Receipts: what shows that this service heard a text in a recording.

A match that a caller sends proves nothing, and to transcribe once more would be charged twice. So a
transcription carries a receipt: what was heard by whom in which file, under a signature (HMAC,
RFC 2104). Nothing is stored. The key is derived from Supabase's secret key, which both services
have; when that is rotated, receipts end with it.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr, TypeAdapter

from shared_schema.limits import MAX_RECEIPT_CHARACTERS, MAX_TRANSCRIPT_CHARACTERS
from shared_schema.match import Coverage
from shared_schema.text import clean

_PURPOSE: Final = b"utter-transcribe receipt v1"
_coverage: TypeAdapter[tuple[Coverage, ...]] = TypeAdapter(tuple[Coverage, ...])


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a recording.

    Attributes:
        user_id: Who asked.
        audio_sha256: Of the file; hexadecimal digits.
        text: As it was heard.
    """

    user_id: str
    audio_sha256: str
    text: str

    def told(self) -> dict[str, str] | None:
        """Return what a receipt says; None for a text that no voice can have beside its own."""
        try:
            text = clean(self.text)
        except ValueError:
            return None
        if len(text) > MAX_TRANSCRIPT_CHARACTERS:
            return None
        digest = hashlib.sha256(text.encode()).hexdigest()
        return {"user": self.user_id, "audio": self.audio_sha256, "text": digest}


class Receipts:
    """Makes and reads receipts.

    Args:
        secret: Of the deployment.
    """

    def __init__(self, secret: SecretStr) -> None:
        key = secret.get_secret_value().encode()
        self._key = hmac.digest(key, _PURPOSE, "sha256")

    def issue(self, heard: Heard, coverage: Sequence[Coverage] | None) -> str | None:
        """Return a receipt; None for a text that no voice can have beside its own.

        Args:
            heard: What it shows.
            coverage: Where words and voice do not cover one another, as far as that was looked at.
                It is left out where it would make the receipt too long.
        """
        told = heard.told()
        if told is None:
            return None
        if coverage is not None:
            places = [one.model_dump(mode="json", exclude_none=True) for one in coverage]
            whole = self._signed({**told, "coverage": places})
            if len(whole) <= MAX_RECEIPT_CHARACTERS:
                return whole
        return self._signed(told)

    def read(self, receipt: str, heard: Heard) -> tuple[Coverage, ...] | None:
        """Return the coverage that a receipt tells; None where it does not show this.

        Args:
            receipt: As a caller sent it.
            heard: What it should show.
        """
        content, _, signature = receipt.partition(".")
        if not hmac.compare_digest(self._signature(content), signature):
            return None
        told = json.loads(urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        coverage = told.pop("coverage", ())
        return _coverage.validate_python(coverage) if told == heard.told() else None

    def _signed(self, told: Mapping[str, object]) -> str:
        content = _encoded(json.dumps(told, separators=(",", ":")).encode())
        return f"{content}.{self._signature(content)}"

    def _signature(self, content: str) -> str:
        return _encoded(hmac.digest(self._key, content.encode(), "sha256"))


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
