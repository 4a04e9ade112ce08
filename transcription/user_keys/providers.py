"""Which provider a call takes: that of the user's own key, else the deployment's.

A key that the provider refuses, or that cannot be read, ends the call and says so. The deployment's
key never takes its place.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog
from pydantic import SecretStr

from transcription.errors import OwnKeyRefused, OwnKeyRequired, ProviderKeyRefused
from transcription.identity.verifier import User
from transcription.providers.base import Provider
from transcription.user_keys.base import OwnKey, OwnKeys
from transcription.user_keys.pool import KeyedProviders

_log = structlog.get_logger(__name__)


class _Closable(Protocol):
    async def aclose(self) -> None: ...


P = TypeVar("P", bound=_Closable)


@dataclass(frozen=True, slots=True)
class Lent(Generic[P]):
    """What calls the provider for one user."""

    half: P
    key: SecretStr | None
    """The user's own, where it is used."""
    guard: Callable[[], AbstractAsyncContextManager[None]]
    """Wraps every call: it informs the key's owner that the provider refuses the key."""

    @property
    def own_key(self) -> bool:
        """Whether it calls with a key of the user's own."""
        return self.key is not None


class Providers(Generic[P]):
    """One half of a provider, for every key.

    Args:
        half: Calls with the deployment's key; None: there is none.
        keys: Where users' own are kept; None: they bring none.
        pool: A half for each of those keys.
        title: The provider's name for people.
    """

    def __init__(
        self, half: P | None, keys: OwnKeys | None, pool: KeyedProviders[P], *, title: str
    ) -> None:
        self._half = half
        self._keys = keys
        self._pool = pool
        self._title = title

    @asynccontextmanager
    async def of(self, user: User) -> AsyncIterator[Lent[P]]:
        """Lend what calls for a user, with their own key where they have stored one.

        Raises:
            OwnKeyUnreadable: there is one, and it cannot be decrypted.
            OwnKeyRequired: there is none, and the deployment has none either.
            BackendUnavailable: it cannot be looked up now.
        """
        keys = self._keys
        key = await keys.find(user) if keys is not None else None
        if keys is not None and key is not None:
            async with self._pool.lent(key.secret) as half:
                yield Lent(half, key.secret, lambda: told_to_owner(keys, key, self._title))
        elif self._half is not None:
            yield Lent(self._half, None, told_to_operator)
        else:
            raise OwnKeyRequired("Store a key of your own to transcribe here.")


@asynccontextmanager
async def lending(
    make: Callable[[SecretStr | None], P] | None, provider: Provider, keys: OwnKeys | None
) -> AsyncIterator[Providers[P] | None]:
    """Keep a provider's halves for as long as the block runs.

    Gives None where no one can call: the half is off, or the deployment has no key and users
    cannot bring any.

    Args:
        make: Returns the half for a key; None: it is switched off.
        provider: Whose half it is.
        keys: Where users' own keys are kept; None: they bring none.
    """
    rules = provider.own_keys
    keys = keys if rules is not None else None
    if make is None or (keys is None and not provider.is_shared):
        yield None
        return
    half = make(provider.key) if provider.is_shared else None
    try:
        async with KeyedProviders[P](make, lambda made: made.aclose()) as pool:
            yield Providers(half, keys, pool, title=rules.title if rules is not None else "")
    finally:
        if half is not None:
            await half.aclose()


@asynccontextmanager
async def told_to_owner(keys: OwnKeys, key: OwnKey, title: str) -> AsyncIterator[None]:
    """Let the block use a user's key: that it is refused is its owner's to know, and no alarm.

    Args:
        keys: Where it is kept.
        key: The one that is used.
        title: The provider's name for people.

    Raises:
        OwnKeyRefused: the provider refuses it.
    """
    try:
        yield
    except ProviderKeyRefused as refusal:
        _log.info("own_key_refused", status=refusal.status)
        await keys.mark(key, works=False)
        message = f"{title} refused your own key. Please check it there, replace or delete it here."
        raise OwnKeyRefused(message) from None
    if key.was_refused:
        await keys.mark(key, works=True)


@asynccontextmanager
async def told_to_operator() -> AsyncIterator[None]:
    """Let the block use the deployment's key: that it is refused is the operator's alarm."""
    try:
        yield
    except ProviderKeyRefused as refusal:
        _log.error("provider_key_refused", status=refusal.status)
        raise
