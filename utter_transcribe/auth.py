"""Access tokens: one that is given, or those of an anonymous Supabase user."""

import asyncio
import time
from typing import Protocol

import httpx
from pydantic import BaseModel, ValidationError

from shared_schema.limits import TOKEN_REFRESH_SECONDS
from shared_schema.redaction import redacted
from utter_transcribe.errors import AuthError, Failure, UnreachableError
from utter_transcribe.network import http_client, retry_after, words_of


class TokenSupplier(Protocol):
    """Gives the access token for the next call or connect."""

    async def __call__(self, *, fresh: bool = False) -> str:
        """Return a token with at least six minutes left.

        Args:
            fresh: The service called the last one expired: do not return it again.

        Raises:
            ClientError: There is none.
        """


class GivenToken:
    """A token that the caller maintains.

    Args:
        token: A Supabase access token; white space around it does not count.

    Raises:
        ValueError: It holds a character that no token has.
    """

    def __init__(self, token: str) -> None:
        self._token = token.strip()
        if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
            raise ValueError("the access token holds a character that no token has")

    async def __call__(self, *, fresh: bool = False) -> str:
        """Return it.

        Raises:
            AuthError: It has expired.
        """
        if fresh:
            raise AuthError(Failure("the access token was refused", retryable=False))
        return self._token


class _Session(BaseModel):
    """Answer of Supabase Auth to a sign-in."""

    access_token: str
    refresh_token: str
    expires_in: float
    """Seconds from now."""


class AnonymousUser:
    """An anonymous user of a Supabase project, signed in when a token is first asked for.

    Args:
        url: The project's.
        publishable_key: The project's, `sb_publishable_…`.
    """

    def __init__(self, url: str, publishable_key: str) -> None:
        self._url = url.rstrip("/")
        self._key = publishable_key
        self._session: _Session | None = None
        self._expires_at = 0.0
        self._lock = asyncio.Lock()

    async def __call__(self, *, fresh: bool = False) -> str:
        """Return the user's token, refreshed when it has less than six minutes left.

        Raises:
            AuthError: Supabase refused. A lost session is not replaced by a new user, who could
                not resume what the old one began.
            UnreachableError: Supabase was not reached.
        """
        async with self._lock:
            left = self._expires_at - time.monotonic()
            if self._session is None:
                self._session = await self._sign_in("signup", {})
            elif fresh or left < TOKEN_REFRESH_SECONDS:
                body = {"refresh_token": self._session.refresh_token}
                self._session = await self._sign_in("token?grant_type=refresh_token", body)
            return self._session.access_token

    async def _sign_in(self, path: str, body: dict[str, str]) -> _Session:
        asked_at = time.monotonic()
        try:
            async with http_client(self._url) as http:
                answer = await http.post(
                    f"{self._url}/auth/v1/{path}", json=body, headers={"apikey": self._key}
                )
        except httpx.HTTPError as error:
            raise UnreachableError(f"cannot reach {self._url}: {words_of(error)}") from error
        if not answer.is_success:
            raise AuthError(_refusal(answer))
        try:
            session = _Session.model_validate_json(answer.content)
        except ValidationError as error:
            raise AuthError(Failure(f"{self._url} is no Supabase project", False)) from error
        self._expires_at = asked_at + session.expires_in
        return session


def _refusal(answer: httpx.Response) -> Failure:
    """Return what Supabase Auth says; its errors carry `msg`, those of its gateway `message`."""
    try:
        said = answer.json()
        message = said.get("msg") or said.get("message")
    except (ValueError, AttributeError):
        message = None
    failure = Failure.from_status(
        answer.status_code, f"sign-in failed: {redacted(str(message or answer.reason_phrase))}"
    )
    return Failure(failure.message, failure.retryable, retry_after=retry_after(answer.headers))
