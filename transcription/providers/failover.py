"""Several providers in order: which of them is tried, and which is passed over.

What a process has seen decides, and no other process is asked: see
`docs/decisions/0020-several-providers.md`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import structlog

from transcription.errors import ProviderError
from transcription.providers.base import Provider
from transcription.providers.breaker import Attempt, Breaker
from transcription.providers.health import ProviderHealth

_log = structlog.get_logger(__name__)


class Calling(Protocol):
    """What calls a provider."""

    @property
    def provider(self) -> Provider:
        """Which."""

    @property
    def own_key(self) -> bool:
        """Whether with a key of the caller's own."""


L = TypeVar("L", bound=Calling)


@dataclass(frozen=True, slots=True)
class Candidate(Generic[L]):
    """A provider that may do the work, in its turn."""

    lent: L
    """What calls it."""
    attempt: Attempt
    """Told what came of it."""

    @property
    def provider(self) -> Provider:
        """Whose turn it is."""
        return self.lent.provider


class Lineup:
    """A deployment's providers, in the order in which they are tried.

    Args:
        providers: At least one.
        health_seconds: Between two questions how one is, of those that can be asked.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        health_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.providers = tuple(providers)
        self._breakers = {one.name: Breaker(clock) for one in providers}
        self.healths = {
            one.name: ProviderHealth(
                one.name,
                one.health_url,
                every_seconds=health_seconds,
                clock=clock,
                answered=partial(self._answered, one.name),
            )
            for one in providers
        }

    @property
    def first(self) -> Provider:
        """The one that is tried first while it is well."""
        return self.providers[0]

    @property
    def current(self) -> Provider:
        """The one that work goes to now which brings no key of its own."""
        shared = [one for one in self.providers if one.is_shared] or [self.first]
        in_use = (one for one in shared if self._breakers[one.name].state == "closed")
        return next(in_use, shared[0])

    @property
    def key_owner(self) -> Provider | None:
        """The one that takes users' own keys."""
        return next((one for one in self.providers if one.own_keys is not None), None)

    def is_out(self, name: str) -> bool:
        """Whether a provider is passed over now."""
        return len(self.providers) > 1 and self._breakers[name].state != "closed"

    def told(self) -> dict[str, Any]:
        """Return the state for operators: of the provider in use, and of each where several are."""
        told: dict[str, Any] = {"provider": self.healths[self.current.name].told()}
        if len(self.providers) > 1:
            told["providers"] = [
                {**self.healths[name].told(), "breaker": breaker.state}
                for name, breaker in self._breakers.items()
            ]
        return told

    def candidates(
        self, lent: Sequence[L], *, goes_on: bool = False, avoid: str | None = None
    ) -> list[Candidate[L]]:
        """Return who may do the work, in order; never none. The caller ends each attempt.

        Those that are known to be down are left out. Where all are, the one is tried whose pause
        ends first: no one is refused for what happened to someone else.

        Args:
            lent: What calls each.
            goes_on: Whether a recording goes on, which was failed once: it finds out about none.
            avoid: Name of the provider that failed it, which is tried last.
        """
        if len(lent) > 1:
            able = [one for one in lent if self._is_able(one.provider, goes_on=goes_on)]

            def is_avoided(one: L) -> bool:
                return goes_on and one.provider.name == avoid

            def due(one: L) -> tuple[bool, float]:
                return is_avoided(one), self._breakers[one.provider.name].due_at

            lent = sorted(able, key=is_avoided) or [min(lent, key=due)]
        return [Candidate(one, self._breaker(one).attempt()) for one in lent]

    def _is_able(self, provider: Provider, *, goes_on: bool) -> bool:
        breaker = self._breakers[provider.name]
        return breaker.state == "closed" or (breaker.admits and not goes_on)

    def failed(self, provider: Provider, error: ProviderError) -> None:
        """Pass a provider over that was asked, and failed, before any work."""
        self._breakers[provider.name].attempt().failed(error)

    async def watch(self) -> None:
        """Ask each that can be asked how it is, for as long as this is not cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, health in self.healths.items():
                group.create_task(health.run(), name=f"health-{name}")

    def _breaker(self, one: Calling) -> Breaker:
        # What a provider makes of one user's account says nothing about the deployment's.
        return Breaker() if one.own_key else self._breakers[one.provider.name]

    def _answered(self, name: str, well: bool) -> None:
        self._breakers[name].answered(well=well)
