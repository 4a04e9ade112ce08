"""How Supabase is asked: in a caller's name, or with the secret key."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import structlog
from postgrest import APIError
from storage3.exceptions import StorageApiError
from storage3.utils import StorageException

from edge_functions.caller import Caller
from transcription.errors import (
    BackendUnavailable,
    Forbidden,
    InvalidMessage,
    NotFound,
    PayloadTooLarge,
    StorageLimit,
    TokenExpired,
    TranscriptionError,
    Unauthenticated,
    UnsupportedAudio,
)
from transcription.settings import Settings

RETRY_AFTER_SECONDS: Final = 5.0

_log = structlog.get_logger(__name__)


class SupabaseUnavailable(BackendUnavailable):
    """Storage or the database does not answer, or not as it should."""

    def __init__(self) -> None:
        super().__init__(
            "Stored data cannot be reached now. Try again in a moment.",
            retry_after=RETRY_AFTER_SECONDS,
        )


class Access:
    """The headers of a project's two ways in.

    Args:
        settings: With the project's keys.
    """

    def __init__(self, settings: Settings) -> None:
        self._publishable = settings.supabase_publishable_key
        secret = settings.supabase_secret_key.get_secret_value()
        self.as_service: dict[str, str] = {"apikey": secret, "Authorization": f"Bearer {secret}"}

    def as_caller(self, caller: Caller) -> dict[str, str]:
        """Return headers with which row level security sees the caller."""
        return {
            "apikey": self._publishable,
            "Authorization": f"Bearer {caller.token.get_secret_value()}",
        }


@contextmanager
def storage_errors(caller: Caller | None = None) -> Iterator[None]:
    """Raise our errors for those of the storage API.

    Args:
        caller: In whose name it is asked; None: with the secret key.
    """
    try:
        yield
    except StorageApiError as error:
        raise of_storage(str(error.status), caller) from None
    except (StorageException, httpx.HTTPError, ValueError) as error:
        _log.warning("storage_failed", error=type(error).__name__)
        raise SupabaseUnavailable from None


def of_storage(status: str, caller: Caller | None) -> TranscriptionError:
    """Return what a refusal of the storage API means.

    Args:
        status: The true one: its answers have HTTP 400 and tell it as `statusCode`.
        caller: In whose name it was asked.
    """
    if status in {"400", "401", "403", "404"} and caller is not None:
        if caller.user.expires_at <= time.time():
            return TokenExpired()
        # Row level security hides what is another's: it might as well not be there.
        return NotFound("There is no such recording of yours.")
    if status == "413":
        return PayloadTooLarge()
    if status == "415":
        return UnsupportedAudio()
    _log.error("storage_refused", status=status)
    return SupabaseUnavailable()


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise our errors for those of the REST API, told by SQLSTATE or PostgREST's own code."""
    try:
        yield
    except APIError as error:
        raise _of_database(error.code) from None
    except httpx.HTTPError as error:
        _log.warning("database_failed", error=type(error).__name__)
        raise SupabaseUnavailable from None


def _of_database(code: str | None) -> TranscriptionError:
    match code:
        case "23503":  # foreign_key_violation
            return Unauthenticated("The account is gone.")
        case "UT001":  # ledger.admit_voice
            return Forbidden("This account is suspended.")
        case "UT002":
            return StorageLimit("Delete a voice that you no longer need.")
        case "23514" | "22001" | "22P05" | "22021":  # a check, or a text that does not fit
            return InvalidMessage()
        case "PGRST301" | "PGRST303":
            return TokenExpired()
    _log.error("database_refused", code=code)
    return SupabaseUnavailable()
