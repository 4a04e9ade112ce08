"""The table of codes."""

from http import HTTPStatus
from typing import Any

import pytest

from shared_schema.errors import ERRORS, FINAL_CLOSE_CODES, ErrorCode, ErrorSpec

ROWS: dict[str, tuple[int | None, int | None, bool]] = {
    "invalid_message": (4400, 422, False),
    "unsupported_version": (4400, 422, False),
    "unsupported_audio": (4400, 415, False),
    "invalid_audio": (None, 422, False),
    "payload_too_large": (4413, 413, False),
    "unauthenticated": (4401, 401, False),
    "token_expired": (4401, 401, False),
    "auth_unavailable": (4503, 503, True),
    "forbidden": (4403, 403, False),
    "not_found": (4404, 404, False),
    "start_timeout": (4408, None, True),
    "idle_timeout": (4408, None, True),
    "request_timeout": (None, 408, True),
    "rate_limited": (None, 429, True),
    "request_in_progress": (None, 409, True),
    "storage_limit": (None, 409, False),
    "text_mismatch": (None, 422, False),
    "session_limit": (4429, 429, True),
    "quota_exceeded": (4429, 429, False),
    "budget_exceeded": (4429, 503, False),
    "capacity": (1013, 503, True),
    "draining": (1012, 503, True),
    "transcription_disabled": (4503, 503, False),
    "provider_rejected": (4502, 502, False),
    "provider_rate_limited": (4502, 503, True),
    "provider_unavailable": (4502, 502, True),
    "own_key_required": (4403, 403, False),
    "own_key_refused": (4502, 424, False),
    "own_key_unreadable": (4503, 503, False),
    "ledger_unavailable": (4503, 503, True),
    "backend_unavailable": (4503, 503, True),
    "slow_consumer": (1013, None, True),
    "internal": (1011, 500, True),
}
"""Close code, HTTP status and retryability, as clients in the field know them."""


def test_the_table_does_not_change() -> None:
    """Codes, close codes and statuses are a promise: a row is added, never changed."""
    told = {code.value: (row.close, row.http, row.retryable) for code, row in ERRORS.items()}
    assert told == ROWS


def test_every_code_has_a_row() -> None:
    """No code is without its row."""
    assert set(ERRORS) == set(ErrorCode)


@pytest.mark.parametrize("row", ERRORS.values(), ids=ERRORS.keys())
def test_a_row_is_sound(row: ErrorSpec) -> None:
    """Close codes are those of RFC 6455 or private ones; statuses exist; titles are words."""
    assert row.close in {None, 1011, 1012, 1013} or 4000 <= (row.close or 0) <= 4999
    assert row.http is None or HTTPStatus(row.http) >= 400
    assert (row.close, row.http) != (None, None)
    assert row.title == row.title.strip(" .") != ""
    assert not (row.retryable and row.after_refresh)


def test_only_an_expired_token_is_worth_a_refresh() -> None:
    """A fresh token helps against `token_expired` alone."""
    assert [code for code, row in ERRORS.items() if row.after_refresh] == ["token_expired"]


def test_closes_that_end_a_resume_are_of_no_retryable_code() -> None:
    """A close code that tells a client to stay away stands for no error that may be retried."""
    for code, row in ERRORS.items():
        if row.close in FINAL_CLOSE_CODES:
            assert not row.retryable, code


def test_the_table_cannot_be_changed() -> None:
    """Nobody changes a row in a running process."""
    table: Any = ERRORS
    with pytest.raises(TypeError):
        table["internal"] = ERRORS[ErrorCode.INTERNAL]
    with pytest.raises(AttributeError):
        ERRORS[ErrorCode.INTERNAL].retryable = False  # type: ignore[misc]
