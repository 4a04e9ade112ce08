"""Mistral's refusals become errors of ours."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.failures import from_status, retry_after_seconds, shown


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRejected),
        (401, ProviderKeyRefused),
        (403, ProviderKeyRefused),
        (404, ProviderRejected),
        (413, ProviderRejected),
        (415, ProviderRejected),
        (422, ProviderRejected),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
        (301, ProviderUnavailable),
        (3804, ProviderUnavailable),
        (0, ProviderUnavailable),
    ],
)
def test_a_status_has_one_meaning(status: int, kind: type[ProviderError]) -> None:
    """A refusal of the request is the caller's, 429 is a matter of time, the rest is an outage."""
    assert type(from_status(status)) is kind


@pytest.mark.parametrize(
    "body",
    [
        "bad language",
        {"message": "bad language"},
        {"detail": "bad language"},
        {"message": {"detail": "bad language"}},
        {"error": {"message": "bad language"}},
        {"error": {"message": {"detail": "bad language"}}},
        {"detail": [{"loc": ["language"], "msg": "bad language", "type": "value_error"}]},
        {"message": {"detail": [{"msg": "bad language"}]}},
    ],
    ids=str,
)
def test_a_refusals_words_are_found(body: Any) -> None:
    """A message is a string or an object with `detail`, itself a string or a validator's list."""
    assert shown(body) == "The provider refused the request: bad language"


@pytest.mark.parametrize(
    "message",
    [
        "see https://docs.mistral.ai/errors",
        "key sk_live_abcdefghijklmnopqrstuvwx is wrong",
        "host api.mistral.ai said no",
        "10.0.0.1 said no",
        "at /srv/app/main.py",
        "Traceback (most recent call last)",
        "main, line 7",
        "first\nsecond",
        "x" * 301,
    ],
)
def test_unsafe_words_are_kept_back(message: str) -> None:
    """Addresses, keys, paths, stacks and anything long are never shown."""
    assert shown({"message": message}) is None
    assert message not in from_status(422, body={"message": message}).message


@pytest.mark.parametrize(
    "body", [None, 7, [], {}, {"message": None}, {"detail": []}, {"detail": [7]}]
)
def test_a_refusal_without_words_is_told_in_ours(body: Any) -> None:
    """Where Mistral gives no reason that can be shown, our own words stand in."""
    assert shown(body) is None
    assert from_status(400, body=body).message


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "message", "detail", "msg"]), inner)
        ),
        max_leaves=6,
    )
)
def test_no_body_is_a_bug(body: Any) -> None:
    """Whatever Mistral answers, there is a message for a person."""
    assert from_status(422, body=body).message


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("999999", 3600.0),
        ("inf", 3600.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 -0000", None),
        ("Thu, 99 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_the_time_to_wait_is_bounded(header: str | None, seconds: float | None) -> None:
    """`Retry-After` is seconds or a date (RFC 9110, section 10.2.3), and at most an hour here."""
    assert retry_after_seconds(header) == seconds


def test_a_date_is_counted_from_now() -> None:
    """A date some time ahead is that many seconds."""
    ahead = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after_seconds(ahead) == pytest.approx(89.5, abs=1.5)


@given(st.text(max_size=40))
def test_no_header_is_a_bug(header: str) -> None:
    """Whatever stands in the header, it is a time to wait or nothing."""
    seconds = retry_after_seconds(header)
    assert seconds is None or 0 <= seconds <= 3600
