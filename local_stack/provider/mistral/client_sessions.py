"""Client secrets: `POST /v1/client/sessions`, and the handshakes that show one."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local_stack.provider.engine import ModelCard, RefusedError

SUBPROTOCOL = "realtime"
"""What a browser offers, with the secret behind it: `new WebSocket(url, ["realtime", secret])`."""
PREFIX = "rt_"
DEFAULT_TTL_SECONDS = 900
MAX_BODY_BYTES = 16 * 1024
_MAX_SECRETS = 10_000


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purpose: Literal["realtime"] = "realtime"
    model: str
    ttl_seconds: int | None = Field(None, ge=1, le=3600)


@dataclass(frozen=True, slots=True)
class _Secret:
    model: str
    expires_at: float
    """Seconds of the clock."""


class ClientSecrets:
    """The secrets of one server: good for one model, for any number of sockets, for a while.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._secrets: dict[str, _Secret] = {}

    def mint(self, body: bytes, cards: Mapping[str, ModelCard]) -> dict[str, Any]:
        """Answer a request, given its body, with a new secret.

        Raises:
            RefusedError: The body is wrong, or names no realtime model.
        """
        try:
            asked = _Asked.model_validate_json(body)
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False, include_context=False)
            raise RefusedError(422, {"detail": detail}) from None
        card = cards.get(asked.model)
        if card is None or "realtime" not in card.modes:
            raise RefusedError(400, f"Invalid model: {asked.model}")
        self._forget()
        value = PREFIX + secrets.token_urlsafe(32)
        expires_at = self._clock() + (asked.ttl_seconds or DEFAULT_TTL_SECONDS)
        self._secrets[value] = _Secret(asked.model, expires_at)
        told = datetime.fromtimestamp(expires_at, UTC).isoformat()
        return {
            "object": "client.session",
            "purpose": asked.purpose,
            "expires_at": told,
            "client_secret": {"value": value, "expires_at": told},
        }

    def authorize(self, offered: str, model: str) -> None:
        """Let a handshake in by the secret in its `Sec-WebSocket-Protocol`.

        Raises:
            RefusedError: It holds no secret, one that has expired, or one of another model.
        """
        protocols = [one.strip() for one in offered.split(",")]
        secret = next((self._secrets[one] for one in protocols if one in self._secrets), None)
        if SUBPROTOCOL not in protocols or secret is None or secret.expires_at <= self._clock():
            raise RefusedError(401, "Unauthorized")
        if secret.model != model:
            raise RefusedError(403, "The client secret is for another model")

    def _forget(self) -> None:
        now = self._clock()
        kept = {value: one for value, one in self._secrets.items() if one.expires_at > now}
        if len(kept) >= _MAX_SECRETS:
            raise RefusedError(429, "Too many client sessions", retry_after=60)
        self._secrets = kept
