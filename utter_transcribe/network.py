"""What the HTTP call and the socket's handshake have in common."""

import ipaddress
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from shared_schema.batch import Problem
from shared_schema.errors import ERRORS
from utter_transcribe.errors import Failure


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine, where no proxy can stand between."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # reads all root certificates, which takes a while


def http_client(url: str, read_seconds: float = 10.0) -> httpx.AsyncClient:
    """Return a client for calls to `url`, to be closed by the caller.

    Args:
        url: Whom it will call.
        read_seconds: How long an answer may be silent.
    """
    timeout = httpx.Timeout(10.0, read=read_seconds, write=60.0)
    return httpx.AsyncClient(timeout=timeout, verify=_tls(), trust_env=not is_loopback(url))


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
