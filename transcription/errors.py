"""What can go wrong, as exceptions that carry a code of `shared_schema.errors`.

TranscriptionError
├── InvalidMessage, UnsupportedVersion, UnsupportedAudio,
│   InvalidAudio, PayloadTooLarge, NotFound               the caller's request
├── Unauthenticated
│   └── TokenExpired
├── Forbidden
├── AuthUnavailable
├── StartTimeout, IdleTimeout, RequestTimeout,
│   SlowConsumer                                          the caller's pace
├── RateLimited                                           too often
├── RequestInProgress                                     the same request, twice at once
├── SessionLimit, QuotaExceeded, BudgetExceeded           the ledger's refusals
├── TextMismatch                                          a text for another recording
├── StorageLimit                                          too many voices
├── BackendUnavailable                                    storage, voices, keys
│   └── LedgerUnavailable
├── Capacity, Draining, TranscriptionDisabled             the server's state
├── OwnKeyRequired, OwnKeyRefused, OwnKeyUnreadable       a key of the caller's own
├── ProviderError
│   ├── ProviderRejected, ProviderRateLimited
│   └── ProviderUnavailable
│       ├── ProviderEnded                                 unasked, and in order
│       ├── ProviderStopped                               in the middle, as it says
│       └── ProviderKeyRefused                            the operator's alarm
└── InternalError
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import uuid4

from shared_schema.errors import ERRORS, ErrorCode, ErrorSpec

if TYPE_CHECKING:
    from shared_schema.match import Match

KEY_REFUSED: Final = "key_refused"
"""Reason of a provider's failure that has no code of its own."""


class TranscriptionError(Exception):
    """An error for a client: `message` is for a person and holds nothing secret.

    Args:
        message: What happened; the code's title when left out.
        retry_after: Seconds to wait before another try, where that is known.
    """

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        self.message = message if message is not None else f"{self.spec().title}."
        self.retry_after = retry_after
        super().__init__(self.message)

    @classmethod
    def spec(cls) -> ErrorSpec:
        """Return this error's row of the table."""
        return ERRORS[cls.code]


class InvalidMessage(TranscriptionError):
    """Not JSON, a wrong type or field, an odd or oversized frame, or out of turn."""

    code = ErrorCode.INVALID_MESSAGE


class UnsupportedVersion(TranscriptionError):
    """The client speaks another version of the protocol."""

    code = ErrorCode.UNSUPPORTED_VERSION


class UnsupportedAudio(TranscriptionError):
    """The audio's format or encoding is not accepted."""

    code = ErrorCode.UNSUPPORTED_AUDIO


class InvalidAudio(TranscriptionError):
    """The audio cannot be decoded, or is too short or too long."""

    code = ErrorCode.INVALID_AUDIO


class PayloadTooLarge(TranscriptionError):
    """The body is above the size limit."""

    code = ErrorCode.PAYLOAD_TOO_LARGE


class NotFound(TranscriptionError):
    """No such object, voice or model."""

    code = ErrorCode.NOT_FOUND


class Unauthenticated(TranscriptionError):
    """No token, or one that is not ours."""

    code = ErrorCode.UNAUTHENTICATED


class TokenExpired(Unauthenticated):
    """The token was good and its `exp` has passed."""

    code = ErrorCode.TOKEN_EXPIRED


class Forbidden(TranscriptionError):
    """The user is known and may not do this."""

    code = ErrorCode.FORBIDDEN


class AuthUnavailable(TranscriptionError):
    """Tokens cannot be verified: no signing keys are held and none can be fetched."""

    code = ErrorCode.AUTH_UNAVAILABLE


class StartTimeout(TranscriptionError):
    """No `start` came in time."""

    code = ErrorCode.START_TIMEOUT


class IdleTimeout(TranscriptionError):
    """No frame came in time, or the client no longer answers."""

    code = ErrorCode.IDLE_TIMEOUT


class RequestTimeout(TranscriptionError):
    """The body of a request came too slowly."""

    code = ErrorCode.REQUEST_TIMEOUT


class SlowConsumer(TranscriptionError):
    """The client does not read what it is sent."""

    code = ErrorCode.SLOW_CONSUMER


class RateLimited(TranscriptionError):
    """The caller has done this too often."""

    code = ErrorCode.RATE_LIMITED


class RequestInProgress(TranscriptionError):
    """A request with the same idempotency key is being worked on."""

    code = ErrorCode.REQUEST_IN_PROGRESS


class SessionLimit(TranscriptionError):
    """The user's concurrent sessions are used up, or the rest is reserved by open work.

    Args:
        message: What happened.
        retry_after: Seconds to wait before another try.
        open_sessions: The user's own open sessions; one can be taken over by `resumes`.
    """

    code = ErrorCode.SESSION_LIMIT

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        open_sessions: Sequence[str] = (),
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.open_sessions = tuple(open_sessions)


class StorageLimit(TranscriptionError):
    """The user stores as many voices, or as many bytes of them, as their plan allows."""

    code = ErrorCode.STORAGE_LIMIT


class TextMismatch(TranscriptionError):
    """A voice's transcript is not shown to match its recording as the deployment wants.

    Args:
        message: What happened.
        retry_after: As of any error.
        match: Where they differ, if something was heard to compare with.
    """

    code = ErrorCode.TEXT_MISMATCH

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        match: "Match | None" = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.match = match


class QuotaExceeded(TranscriptionError):
    """The user's minutes for the day (UTC) are used up."""

    code = ErrorCode.QUOTA_EXCEEDED


class BudgetExceeded(TranscriptionError):
    """The deployment's own daily budget is used up."""

    code = ErrorCode.BUDGET_EXCEEDED


class BackendUnavailable(TranscriptionError):
    """Storage, voices, keys or idempotency cannot be reached."""

    code = ErrorCode.BACKEND_UNAVAILABLE


class LedgerUnavailable(BackendUnavailable):
    """Quotas cannot be checked."""

    code = ErrorCode.LEDGER_UNAVAILABLE


class Capacity(TranscriptionError):
    """The server's own cap is reached."""

    code = ErrorCode.CAPACITY


class Draining(TranscriptionError):
    """The server is going away."""

    code = ErrorCode.DRAINING


class TranscriptionDisabled(TranscriptionError):
    """Switched off, or no provider key is set."""

    code = ErrorCode.TRANSCRIPTION_DISABLED


class OwnKeyRequired(TranscriptionError):
    """The deployment has no key, and the caller has brought none."""

    code = ErrorCode.OWN_KEY_REQUIRED


class OwnKeyRefused(TranscriptionError):
    """The provider refuses the caller's own key: theirs to mend, and no alarm of ours."""

    code = ErrorCode.OWN_KEY_REFUSED


class OwnKeyUnreadable(TranscriptionError):
    """The caller's own key cannot be decrypted any more: an operator took its key off the ring."""

    code = ErrorCode.OWN_KEY_UNREADABLE


class ProviderError(TranscriptionError):
    """The speech-to-text provider failed. Its host, key and internals are never told."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    worked_on = True
    """False: the provider has surely not begun with what it was asked."""
    avoid: str | None = None
    """The provider's name, where another one can go on."""

    @property
    def reason(self) -> str:
        """The reason for the operator: the code, unless that says too little."""
        return self.code


class ProviderRejected(ProviderError):
    """The provider refused the request (400 or 422)."""

    code = ErrorCode.PROVIDER_REJECTED


class ProviderRateLimited(ProviderError):
    """The provider answered 429."""

    code = ErrorCode.PROVIDER_RATE_LIMITED


class ProviderUnavailable(ProviderError):
    """Cannot connect, our own key refused, 5xx, stalled, or dropped in mid-stream."""

    code = ErrorCode.PROVIDER_UNAVAILABLE


class ProviderEnded(ProviderUnavailable):
    """It was done unasked, and in order, at its model's greatest length: it works as before."""


class ProviderStopped(ProviderUnavailable):
    """It gave up in the middle and said so: what it gave is no transcript, and costs nothing."""


class ProviderKeyRefused(ProviderUnavailable):
    """Our own key is refused; a caller sees an outage.

    Args:
        message: As of any error.
        retry_after: The same.
        status: HTTP status of the refusal: 401, 402 or 403.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status

    @property
    def reason(self) -> str:
        """The reason for the operator."""
        return KEY_REFUSED


class InternalError(TranscriptionError):
    """A bug: logged in full under `error_id`, told to the client as that id only."""

    code = ErrorCode.INTERNAL

    def __init__(self) -> None:
        self.error_id = uuid4().hex[:12]
        super().__init__(f"Something went wrong on our side (error {self.error_id}).")
