"""What the HTTP call and the socket's handshake have in common."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import httpx
from pydantic import ValidationError

from shared_schema.batch import Problem
from shared_schema.errors import ERRORS
from shared_schema.network import ProxyError, trusts_environment
from shared_schema.redaction import redacted
from utter_transcribe.errors import ClientError, Failure


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # reads all root certificates, which takes a while


def http_client(url: str, read_seconds: float = 10.0) -> httpx.AsyncClient:
    """Return a client for calls to `url`, to be closed by the caller.

    Args:
        url: Whom it will call.
        read_seconds: How long an answer may be silent.

    Raises:
        ClientError: The environment names a proxy that cannot be used.
    """
    timeout = httpx.Timeout(10.0, read=read_seconds, write=60.0)
    try:
        environment = trusts_environment(url)
    except ProxyError as error:
        raise ClientError(Failure(str(error), retryable=False)) from None
    return httpx.AsyncClient(timeout=timeout, verify=_tls(), trust_env=environment)


def words_of(error: Exception) -> str:
    """Return what a foreign exception says, without anything secret."""
    return redacted(str(error)) or type(error).__name__


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110 section 10.2.3)."""
    value = headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return what an HTTP error answer says: its problem document, or what its status means."""
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        return Failure.from_status(status, retry_after=retry_after(headers))
    return Failure(
        problem.detail,
        problem.retryable,
        problem.code,
        ERRORS[problem.code].after_refresh,
        retry_after(headers) if problem.retry_after is None else problem.retry_after,
    )
