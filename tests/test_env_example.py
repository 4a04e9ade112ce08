"""`.env.example` and the settings say the same."""

import re
from pathlib import Path

from transcription.settings import Settings

ROOT = Path(__file__).parent.parent


def test_every_setting_is_documented() -> None:
    """Every setting stands in `.env.example`, and nothing else does."""
    text = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    assert documented == {name.upper() for name in Settings.model_fields}


def test_the_defaults_told_are_the_defaults() -> None:
    """A commented line shows the default that the code has."""
    text = (ROOT / ".env.example").read_text()
    told = dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.+)$", text, re.MULTILINE))
    for name, value in told.items():
        default = Settings.model_fields[name.lower()].default
        if isinstance(default, bool):
            assert value == str(default).lower(), name
        elif isinstance(default, tuple):
            assert value == ",".join(default), name
        elif isinstance(default, int | float):
            assert float(value) == default, name
        else:
            assert value == str(default), name
