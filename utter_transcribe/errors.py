"""What can go wrong at this end, as data and as exceptions.

::

    ClientError             carries a Failure
    ├── AuthError           no access token could be had
    ├── ApiError            the service refused a call (RFC 9457)
    ├── UnreachableError    the service was not reached, or its answer broke off
    ├── AudioError          a file or a stream is no audio that can be read
    └── FileError           a file cannot be written
"""

from dataclasses import dataclass
from typing import Self

from shared_schema.errors import ERRORS, FINAL_CLOSE_CODES, ErrorCode
from shared_schema.server_messages import Error

RETRYABLE_STATUSES = frozenset({408, 425, 429})
"""HTTP statuses below 500 after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something ended, and whether to try again.

    Attributes:
        message: For a person.
        retryable: Whether the same may succeed later, unchanged.
        code: From the table of codes, where the service told one.
        after_refresh: Whether it may succeed with a fresh access token.
        retry_after: Seconds to wait before another try, where the service told so.
        open_sessions: With `session_limit`, the caller's sessions that could be taken over.
        avoid: What a resume sends on, so that another provider goes on.
    """

    message: str
    retryable: bool
    code: ErrorCode | None = None
    after_refresh: bool = False
    retry_after: float | None = None
    open_sessions: tuple[str, ...] = ()
    avoid: str | None = None

    @classmethod
    def from_error(cls, error: Error) -> Self:
        """Take over what an `error` message says."""
        return cls(
            error.message,
            error.retryable,
            error.code,
            ERRORS[error.code].after_refresh,
            error.retry_after,
            error.open_sessions or (),
            error.avoid,
        )

    @classmethod
    def from_close(cls, code: int, reason: str = "") -> Self:
        """Judge a close that no `error` explained, by its code (RFC 6455 section 7.4)."""
        said = f": {reason}" if reason else ""
        return cls(f"the connection ended ({code}{said})", code not in FINAL_CLOSE_CODES)

    @classmethod
    def from_status(
        cls, status: int, message: str | None = None, retry_after: float | None = None
    ) -> Self:
        """Judge an HTTP answer that no problem document explained, by its status."""
        return cls(
            message or f"the service answered with HTTP {status}",
            status >= 500 or status in RETRYABLE_STATUSES,
            after_refresh=status == 401,
            retry_after=retry_after,
        )


class ClientError(Exception):
    """Base of what this package raises.

    Attributes:
        failure: The same as data.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class AuthError(ClientError):
    """No access token could be had."""


class ApiError(ClientError):
    """The service refused a call.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, status: int, failure: Failure) -> None:
        super().__init__(failure)
        self.status = status


class UnreachableError(ClientError):
    """The service was not reached, or its answer broke off."""

    def __init__(self, message: str) -> None:
        super().__init__(Failure(message, retryable=True))


class AudioError(ClientError):
    """A file or a stream is no audio that can be read."""

    def __init__(self, message: str) -> None:
        super().__init__(Failure(message, retryable=False, code=ErrorCode.INVALID_AUDIO))

    @classmethod
    def from_os(cls, name: str, error: OSError) -> Self:
        """Say why a file cannot be opened."""
        match error:
            case FileNotFoundError():
                return cls(f"there is no file {name}")
            case IsADirectoryError():
                return cls(f"{name} is a folder")
            case PermissionError():
                return cls(f"{name} may not be read")
        return cls(f"{name} cannot be read: {error.strerror}")


class FileError(ClientError):
    """A file cannot be written."""

    def __init__(self, file: str, error: OSError) -> None:
        words = f"{file} cannot be written: {error.strerror}"
        super().__init__(Failure(words, retryable=False))
