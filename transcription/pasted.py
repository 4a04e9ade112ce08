"""Values of settings as people paste them, from documents, chats and terminals.

What came along around a value is taken off. What no key or origin can hold is refused at start,
by a message that says what is wrong and nothing of the value.
"""

import base64
import json
import re
from typing import Final

from shared_schema.text import CONTROLS, DROPPED, WHITE_SPACE, among, characters

_AROUND: Final = characters(WHITE_SPACE, DROPPED, CONTROLS)
_QUOTES: Final = ('""', "''", "``", "“”", "„“", "””", "‘’", "’’", "‚‘", "«»", "»«")
_HIDDEN: Final = among(DROPPED, CONTROLS)
_NO_KEY: Final = re.compile(r"""[^\x21-\x7e]|["'`]""")
_ORIGIN: Final = re.compile(
    r"(https?|capacitor|ionic|tauri|app|[a-z]+(?:-[a-z]+)*-extension)://"
    r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
)
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def pasted(value: str) -> str:
    """Return a value without the white space, the byte order mark and the quotes around it.

    Raises:
        ValueError: it holds an invisible character.
    """
    kept = value.strip(_AROUND)
    while _is_quoted(kept):
        kept = kept[1:-1].strip(_AROUND)
    if hidden := _HIDDEN.search(kept):
        raise ValueError(f"holds an invisible character ({_named(hidden[0])})")
    return kept


def checked_key(key: str) -> str:
    """Return a key that an HTTP header can carry.

    Raises:
        ValueError: it holds a character that no key has.
    """
    if odd := _NO_KEY.search(key):
        raise ValueError(f"holds a character that no key has ({_named(odd[0])})")
    return key


def checked_publishable(key: str) -> str:
    """Return a key of Supabase's that everyone may have.

    Raises:
        ValueError: it is none: a page would hand it to every visitor.
    """
    role = _role(checked_key(key))
    if key.startswith("sb_secret_") or role not in {None, "anon"}:
        raise ValueError("is a secret key, which every visitor would be given")
    return key


def checked_secret(key: str) -> str:
    """Return a Supabase key that must stay secret.

    Raises:
        ValueError: it is the publishable one, with which nothing can be kept.
    """
    role = _role(checked_key(key))
    if key.startswith("sb_publishable_") or role not in {None, "service_role"}:
        raise ValueError("is no secret key")
    return key


def checked_origin(text: str) -> str:
    """Return an origin as browsers send it (RFC 6454, section 6.2).

    Raises:
        ValueError: it is none, or names more than one.
    """
    found = _ORIGIN.fullmatch(pasted(text))
    if found is None or int(found[3] or 0) > 65_535:
        raise ValueError("each must be like https://page.example, without a path, and no wildcard")
    scheme, host, port = found.groups()
    if scheme in _USUAL_PORTS:
        host = host.lower()
    usual = port is None or int(port) == _USUAL_PORTS.get(scheme)
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{int(port)}"


def _is_quoted(value: str) -> bool:
    ends, inside = value[:1] + value[1:][-1:], value[1:-1]
    return ends in _QUOTES and not set(ends) & set(inside)


def _role(key: str) -> str | None:
    """Return whose key a JWT is, as older projects have them; None of what is no JWT."""
    parts = key.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return str(claims.get("role", "")) if isinstance(claims, dict) else None


def _named(character: str) -> str:
    return f"U+{ord(character):04X}"
