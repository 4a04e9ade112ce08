"""Laws of the API keys, which are made once and kept."""

import stat
from pathlib import Path

from local_stack.api_keys import ApiKeys


def test_api_keys_are_made_once(tmp_path: Path) -> None:
    """Every load of one file gives the same keys, in the platform's form, readable by one."""
    path = tmp_path / "keys.json"
    keys = ApiKeys.load(path)
    assert ApiKeys.load(path) == keys
    assert keys.publishable.startswith("sb_publishable_")
    assert keys.secret.startswith("sb_secret_")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ApiKeys.load(tmp_path / "others.json") != keys


def test_api_keys_stand_for_their_roles_and_hide_in_print(tmp_path: Path) -> None:
    """Each key has its role, any other none; the secret ones are not shown by accident."""
    keys = ApiKeys.load(tmp_path / "keys.json")
    assert keys.role(keys.publishable) == "anon"
    assert keys.role(keys.secret) == "service_role"
    assert keys.role(keys.secret[:-1]) is None
    assert keys.role("ключ") is None
    assert keys.secret not in repr(keys)
    assert keys.url_signing not in repr(keys)
