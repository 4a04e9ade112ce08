"""The publishable and the secret key of the project, and the passwords inside it."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Self

from local_stack.data_dir import write_private

KeyRole = Literal["anon", "service_role"]


def _key(kind: str) -> str:
    return f"sb_{kind}_{secrets.token_urlsafe(24)}"


@dataclass(frozen=True)
class ApiKeys:
    """Keys of one data folder, made at its first start.

    Attributes:
        publishable: ``sb_publishable_…``; stands for the role ``anon``.
        secret: ``sb_secret_…``; stands for the role ``service_role``.
        url_signing: Secret that signs storage URLs (HS256).
    """

    publishable: str = field(default_factory=lambda: _key("publishable"))
    secret: str = field(default_factory=lambda: _key("secret"), repr=False)
    url_signing: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the keys, or make them and write them readable by their owner alone."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        keys = cls()
        write_private(path, json.dumps(asdict(keys), indent=2) + "\n")
        return keys

    def role(self, apikey: str) -> KeyRole | None:
        """The database role that a key stands for; ``None`` for a key that is not ours."""
        if secrets.compare_digest(apikey.encode(), self.publishable.encode()):
            return "anon"
        if secrets.compare_digest(apikey.encode(), self.secret.encode()):
            return "service_role"
        return None
