"""The provider's state: the outcome of sessions and calls, and the answer of its health endpoint.

A background task asks the endpoint, not a caller. The state decides nothing: see
`docs/decisions/0010-a-provider-that-is-down.md`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Literal

import httpx2
import structlog

from shared_schema.network import trusts_environment
from transcription.errors import ProviderError, ProviderRejected

ASK_SECONDS: Final = 3.0
"""How long it may take to answer."""
NO_ANSWER: Final = "no_answer"

State = Literal["unknown", "well", "failing"]

_log = structlog.get_logger(__name__)


class ProviderHealth:
    """What is known of one provider; the latest word counts.

    Args:
        name: The provider's.
        url: Its health endpoint; None: only the outcome of work counts.
        every_seconds: Between two questions.
        clock: Monotonic seconds.
        answered: Told what the endpoint says: whether the provider is well.
    """

    def __init__(
        self,
        name: str,
        url: str | None,
        *,
        every_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        answered: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._answered = answered
        self._url = url
        self._every = every_seconds
        self._clock = clock
        self._state: State = "unknown"
        self._reason: str | None = None
        self._at = clock()

    def worked(self) -> None:
        """A session or a call had its transcript."""
        self._know("well", None)

    def failed(self, error: ProviderError) -> None:
        """A session or a call failed because of the provider."""
        if isinstance(error, ProviderRejected):
            self.worked()  # the request was at fault, and it said so
        else:
            self._know("failing", error.reason)

    def told(self) -> dict[str, Any]:
        """Return the state for operators: name, state, the reason of a failure, and its age."""
        told: dict[str, Any] = {"name": self.name, "state": self._state}
        if self._reason is not None:
            told["reason"] = self._reason
        if self._state != "unknown":
            told["seconds_ago"] = round(self._clock() - self._at, 1)
        return told

    async def run(self) -> None:
        """Ask again and again, for as long as this is not cancelled."""
        if self._url is None:
            return
        # Loading the trust store takes long, and no connection is worth keeping for so little.
        secure, none = self._url.startswith("https:"), httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(
            timeout=ASK_SECONDS,
            verify=secure,
            limits=none,
            trust_env=trusts_environment(self._url),
        ) as http:
            while True:
                await self._ask(http, self._url)
                await asyncio.sleep(self._every)

    async def _ask(self, http: httpx2.AsyncClient, url: str) -> None:
        try:
            async with asyncio.timeout(ASK_SECONDS), http.stream("GET", url) as response:
                status = response.status_code
        except (httpx2.HTTPError, TimeoutError):
            self._hear(NO_ANSWER)
        except Exception:
            # Whatever it is, the process it runs in goes on.
            _log.exception("provider_health_not_asked")
            self._hear(NO_ANSWER)
        else:
            self._hear(None if status == 200 else f"status_{status}")

    def _hear(self, fault: str | None) -> None:
        self._know("well" if fault is None else "failing", fault)
        self._answered(fault is None)

    def _know(self, state: State, reason: str | None) -> None:
        if state != self._state and "failing" in {state, self._state}:
            _log.warning("provider_health", state=state, reason=reason)
        self._state, self._reason, self._at = state, reason, self._clock()
