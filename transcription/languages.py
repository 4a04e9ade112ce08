"""What people write for a language, and the ISO 639-1 code that providers take."""

from typing import Final

from shared_schema.languages import ENGLISH_NAMES
from shared_schema.text import trimmed
from transcription.errors import InvalidMessage

AUTO: Final = "auto"
_CODES: Final = {name.lower(): code for code, name in ENGLISH_NAMES.items()}


def to_code(written: str | None) -> str | None:
    """Return the ISO 639-1 code of a language as people write it.

    Args:
        written: An English name ("English"), an ISO 639-1 code ("en"), a locale ("en-US",
            "pt_BR"), "Auto", nothing, or None.

    Returns:
        Two letters in lower case, or None where the provider is to detect the language.

    Raises:
        InvalidMessage: no language is called that.
    """
    name = trimmed(written or "").lower()
    if name in {"", AUTO}:
        return None
    code = _CODES.get(name) or name.replace("_", "-").split("-", 1)[0]
    if code not in ENGLISH_NAMES:
        raise InvalidMessage("Unknown language. Write a name, a code such as 'en', or 'Auto'.")
    return code


def english_name(code: str) -> str:
    """Return the English name of an ISO 639-1 code, or the code itself where none is known."""
    return ENGLISH_NAMES.get(code, code)
