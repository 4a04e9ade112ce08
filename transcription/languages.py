"""What people write for a language, and the ISO 639-1 code that providers take.

English names come from the Unicode CLDR, through Babel.
"""

from functools import cache

from babel import Locale

from transcription.errors import InvalidMessage

AUTO = "auto"


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
    name = (written or "").strip().casefold()
    if name in {"", AUTO}:
        return None
    code = _codes().get(name) or name.replace("_", "-").split("-", 1)[0]
    if code not in _names():
        raise InvalidMessage("Unknown language. Write a name, a code such as 'en', or 'Auto'.")
    return code


def english_name(code: str) -> str:
    """Return the English name of an ISO 639-1 code, or the code itself where none is known."""
    return _names().get(code, code)


@cache
def _names() -> dict[str, str]:
    return {code: name for code, name in Locale("en").languages.items() if len(code) == 2}


@cache
def _codes() -> dict[str, str]:
    return {name.casefold(): code for code, name in _names().items()}
