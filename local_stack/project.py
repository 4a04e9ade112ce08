"""The project's own settings: the part of `supabase/config.toml` that this stack heeds."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

SIZE = re.compile(r"(\d+)\s*(B|KiB|MiB|GiB)", re.IGNORECASE)
UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}


@dataclass(frozen=True)
class Project:
    """Settings, with the CLI's defaults.

    Attributes:
        token_seconds: Life of an access token.
        reuse_seconds: How long a used refresh token is forgiven.
        shortest_password: Characters.
        largest_file: Bytes of an object, whatever its bucket allows.
        max_rows: Rows of one answer of the REST interface.
    """

    token_seconds: int = 3600
    reuse_seconds: int = 10
    shortest_password: int = 6
    largest_file: int = 52_428_800
    max_rows: int = 1000

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those of a file; no file, the defaults.

        Raises:
            ValueError: The file is no TOML, or a size in it is none.
        """
        if not path.exists():
            return cls()
        told = tomllib.loads(path.read_text())
        auth, storage, api = (told.get(room, {}) for room in ("auth", "storage", "api"))
        return cls(
            token_seconds=auth.get("jwt_expiry", cls.token_seconds),
            reuse_seconds=auth.get("refresh_token_reuse_interval", cls.reuse_seconds),
            shortest_password=auth.get("minimum_password_length", cls.shortest_password),
            largest_file=_bytes(storage.get("file_size_limit", cls.largest_file)),
            max_rows=api.get("max_rows", cls.max_rows),
        )


def _bytes(told: Any) -> int:
    if isinstance(told, int):
        return told
    size = SIZE.fullmatch(told)
    if size is None:
        raise ValueError(f"storage.file_size_limit is no size: {told!r}")
    return int(size[1]) * UNITS[size[2].lower()]
