"""A provider's refusals as our errors.

An error body's `message` is a string or an object with `detail` (both seen on Mistral's wire), or
stands in an `error` (vLLM's). Only a refusal of the request itself is passed on in the provider's
words, and only when they hold neither an address nor anything like a key.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)

KEY_STATUSES: Final = frozenset({401, 402, 403})
"""Unknown, unpaid, not allowed."""
_MAX_SHOWN: Final = 300
_MAX_RETRY_AFTER: Final = 3600.0
_SECONDS: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|inf)")
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")
_UNSAFE: Final = re.compile(
    r"://|[A-Za-z0-9_-]{24,}|\w\.[A-Za-z]{2,}\b|\d+(?:\.\d+){3}"
    r"|[\\/][\w.-]+[\\/]|\bTraceback\b|\bline \d+|[\x00-\x1f]"
)
"""An address, a long token, a host name, a file's path, a stack, or control characters."""


def from_status(status: int, *, retry_after: str | None = None, body: Any = None) -> ProviderError:
    """Return the error that an HTTP status of a provider's means for a caller of ours."""
    if status == 429:
        return ProviderRateLimited(retry_after=retry_after_seconds(retry_after))
    if status in {400, 404, 413, 415, 422}:
        return ProviderRejected(shown(body))
    if status in KEY_STATUSES:
        return ProviderKeyRefused(status=status)
    return ProviderUnavailable(retry_after=retry_after_seconds(retry_after))


def shown(body: Any) -> str | None:
    """Return a refusal's own words where they are safe to show, else None."""
    message = body
    for name in ("error", "message", "detail"):
        if isinstance(message, dict):
            message = message.get(name, message)
    if isinstance(message, list) and message and isinstance(message[0], dict):
        message = message[0].get("msg")
    if not isinstance(message, str) or len(message) > _MAX_SHOWN or _UNSAFE.search(message):
        return None
    return f"The provider refused the request: {message.strip()}"


def retry_after_seconds(header: str | None) -> float | None:
    """Return a `Retry-After` header (RFC 9110, section 10.2.3) as seconds, at most an hour."""
    told = (header or "").strip()
    if _SECONDS.fullmatch(told):
        seconds = float(told)
    elif _HTTP_DATE.fullmatch(told):
        try:
            seconds = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
        except ValueError:
            return None
    else:
        return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)
