"""Errors as data: one table of codes for WebSocket and HTTP.

`close` is a WebSocket close code (RFC 6455 section 7.4; 4000-4999 are private use),
`http` a status (RFC 9110), and None where the code cannot occur on that side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ErrorCode(StrEnum):
    """Every code that a client may meet."""

    INVALID_MESSAGE = "invalid_message"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNSUPPORTED_AUDIO = "unsupported_audio"
    INVALID_AUDIO = "invalid_audio"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code, not a secret
    AUTH_UNAVAILABLE = "auth_unavailable"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    START_TIMEOUT = "start_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    REQUEST_TIMEOUT = "request_timeout"
    RATE_LIMITED = "rate_limited"
    REQUEST_IN_PROGRESS = "request_in_progress"
    STORAGE_LIMIT = "storage_limit"
    TEXT_MISMATCH = "text_mismatch"
    SESSION_LIMIT = "session_limit"
    QUOTA_EXCEEDED = "quota_exceeded"
    BUDGET_EXCEEDED = "budget_exceeded"
    CAPACITY = "capacity"
    DRAINING = "draining"
    TRANSCRIPTION_DISABLED = "transcription_disabled"
    PROVIDER_REJECTED = "provider_rejected"
    PROVIDER_RATE_LIMITED = "provider_rate_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    OWN_KEY_REQUIRED = "own_key_required"
    OWN_KEY_REFUSED = "own_key_refused"
    OWN_KEY_UNREADABLE = "own_key_unreadable"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    BACKEND_UNAVAILABLE = "backend_unavailable"
    SLOW_CONSUMER = "slow_consumer"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """One row of the table."""

    title: str
    """What it means, in a few words for a person (the `title` of a problem document)."""
    close: int | None
    http: int | None
    retryable: bool
    """Whether the same request may succeed later, unchanged."""
    after_refresh: bool = False
    """Whether it may succeed with a fresh access token."""

    @property
    def is_ours(self) -> bool:
        """Whether the fault lies with the service, and not with its caller."""
        return self.http is not None and self.http >= 500


_C = ErrorCode
ERRORS: Final[Mapping[ErrorCode, ErrorSpec]] = MappingProxyType(
    {
        _C.INVALID_MESSAGE: ErrorSpec("The request is malformed", 4400, 422, False),
        _C.UNSUPPORTED_VERSION: ErrorSpec("Unknown protocol version", 4400, 422, False),
        _C.UNSUPPORTED_AUDIO: ErrorSpec("Audio format not accepted", 4400, 415, False),
        _C.INVALID_AUDIO: ErrorSpec("The audio cannot be used", None, 422, False),
        _C.PAYLOAD_TOO_LARGE: ErrorSpec("Too large", 4413, 413, False),
        _C.UNAUTHENTICATED: ErrorSpec("Not signed in", 4401, 401, False),
        _C.TOKEN_EXPIRED: ErrorSpec("The sign-in has expired", 4401, 401, False, True),
        _C.AUTH_UNAVAILABLE: ErrorSpec("Sign-ins cannot be checked", 4503, 503, True),
        _C.FORBIDDEN: ErrorSpec("Not allowed", 4403, 403, False),
        _C.NOT_FOUND: ErrorSpec("Not found", 4404, 404, False),
        _C.START_TIMEOUT: ErrorSpec("No start message came", 4408, None, True),
        _C.IDLE_TIMEOUT: ErrorSpec("No audio came", 4408, None, True),
        _C.REQUEST_TIMEOUT: ErrorSpec("The request came too slowly", None, 408, True),
        _C.RATE_LIMITED: ErrorSpec("Too many requests", None, 429, True),
        _C.REQUEST_IN_PROGRESS: ErrorSpec("The same request is under way", None, 409, True),
        _C.STORAGE_LIMIT: ErrorSpec("No room for another voice", None, 409, False),
        _C.TEXT_MISMATCH: ErrorSpec("The text is not shown to match", None, 422, False),
        _C.SESSION_LIMIT: ErrorSpec("Too many open transcriptions", 4429, 429, True),
        _C.QUOTA_EXCEEDED: ErrorSpec("Today's minutes are used up", 4429, 429, False),
        _C.BUDGET_EXCEEDED: ErrorSpec("Transcription is paused for today", 4429, 503, False),
        _C.CAPACITY: ErrorSpec("The server is full", 1013, 503, True),
        _C.DRAINING: ErrorSpec("The server is restarting", 1012, 503, True),
        _C.TRANSCRIPTION_DISABLED: ErrorSpec("Transcription is off", 4503, 503, False),
        _C.PROVIDER_REJECTED: ErrorSpec("The provider refused the request", 4502, 502, False),
        _C.PROVIDER_RATE_LIMITED: ErrorSpec("The provider is busy", 4502, 503, True),
        _C.PROVIDER_UNAVAILABLE: ErrorSpec("The provider cannot be reached", 4502, 502, True),
        _C.OWN_KEY_REQUIRED: ErrorSpec("A key of your own is needed", 4403, 403, False),
        _C.OWN_KEY_REFUSED: ErrorSpec("Your own key was refused", 4502, 424, False),
        _C.OWN_KEY_UNREADABLE: ErrorSpec("Your own key cannot be read", 4503, 503, False),
        _C.LEDGER_UNAVAILABLE: ErrorSpec("Quotas cannot be checked", 4503, 503, True),
        _C.BACKEND_UNAVAILABLE: ErrorSpec("Stored data cannot be reached", 4503, 503, True),
        _C.SLOW_CONSUMER: ErrorSpec("The client does not read", 1013, None, True),
        _C.INTERNAL: ErrorSpec("Something went wrong on our side", 1011, 500, True),
    }
)

FINAL_CLOSE_CODES: Final = frozenset({1000, 4400, 4401, 4403, 4404, 4413})
"""Close codes after which a client does not resume when no `error` told it more."""
