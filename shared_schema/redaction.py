"""Words of someone else's exceptions, made fit for a person and for a log."""

import re
from typing import Final

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SECRETS: Final = (
    # What stands behind a scheme of HTTP authentication (RFC 9110, section 11.4).
    (re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\\t)[^\s'\",]+"), r"\1 …"),
    # A user's name and password in an address (RFC 3986, section 3.2.1).
    (re.compile(r"(?<=://)[^\s/@'\"]+@"), "…@"),
    (
        re.compile(r"(?i)\b((?:access_|refresh_)?token|api_?key|key|secret|password)=[^&\s'\"]+"),
        r"\1=…",
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*"), "…"),
    (re.compile(r"\b(sb_(?:secret|publishable)_|sk-)[A-Za-z0-9_-]+"), r"\1…"),
    # Keys of providers are 32 letters and digits, or more.
    (re.compile(r"\b(?!%s\b)(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{32,}" % _UUID), "…"),  # noqa: UP031
)
_QUOTATIONS: Final = (
    # What pydantic, and V8's JSON, could not read: it may be what someone said.
    (re.compile(r"input_value=.*(?=, input_type=)"), "input_value=…"),
    (re.compile(r'(?:\.\.\.)?".*"(?:\.\.\.)?(?= is not valid JSON)'), "…"),
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")


def redacted(text: str) -> str:
    """Return a text without what may be a token, a key, a password or a quotation, and controls."""
    told = _CONTROLS.sub(" ", text)
    for secret, instead in (*_QUOTATIONS, *_SECRETS):
        told = secret.sub(instead, told)
    return told
