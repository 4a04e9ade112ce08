"""Which providers a call may take: that of the user's own key, else the deployment's, in order.

A key that the provider refuses, or that cannot be read, ends the call and says so. Neither the
deployment's key nor another provider ever takes its place.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from pydantic import SecretStr

from transcription.errors import OwnKeyRefused, OwnKeyRequired, ProviderKeyRefused
from transcription.identity.verifier import User
from transcription.providers.base import Provider
from transcription.user_keys.base import OwnKey, OwnKeys
from transcription.user_keys.pool import Closable, KeyedProviders

_log = structlog.get_logger(__name__)


P = TypeVar("P", bound=Closable)


@dataclass(frozen=True, slots=True)
class Lent(Generic[P]):
    """What calls a provider for one user."""

    provider: Provider
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
    """One half of each provider, for every key.

    Args:
        shared: What calls with the deployment's keys, in order.
        keys: Where users' own are kept; None: they bring none.
        pool: A half for each of those keys.
        owner: Whose keys they are.
    """

    def __init__(
        self,
        shared: Sequence[Lent[P]],
        keys: OwnKeys | None,
        pool: KeyedProviders[P],
        owner: Provider | None,
    ) -> None:
        self._shared = tuple(shared)
        self._keys = keys
        self._pool = pool
        self._owner = owner

    @asynccontextmanager
    async def of(self, user: User) -> AsyncIterator[tuple[Lent[P], ...]]:
        """Lend what calls for a user: where they have stored a key, what calls with that alone.

        Raises:
            OwnKeyUnreadable: there is one, and it cannot be decrypted.
            OwnKeyRequired: there is none, and the deployment has none either.
            BackendUnavailable: it cannot be looked up now.
        """
        keys, owner = self._keys, self._owner
        key = await keys.find(user) if keys is not None else None
        if keys is not None and key is not None and owner is not None:
            title = owner.own_keys.title if owner.own_keys is not None else ""
            async with self._pool.lent(key.secret) as half:
                yield (Lent(owner, half, key.secret, lambda: told_to_owner(keys, key, title)),)
        elif self._shared:
            yield self._shared
        else:
            raise OwnKeyRequired("Store a key of your own to transcribe here.")


Make = Callable[[SecretStr | None], P]
"""Returns a half that calls with a key."""


@asynccontextmanager
async def lending(
    half: Callable[[Provider], Make[P] | None],
    providers: Sequence[Provider],
    keys: OwnKeys | None,
) -> AsyncIterator[Providers[P] | None]:
    """Keep the providers' halves for as long as the block runs.

    Gives None where no one can call: the half is off, or the deployment has no key and users
    cannot bring any.

    Args:
        half: Which half of a provider; None: it is switched off.
        providers: In order.
        keys: Where users' own keys are kept; None: they bring none.
    """
    made = [(one, make) for one in providers if (make := half(one)) is not None]
    owned = next(((one, make) for one, make in made if one.own_keys is not None), None)
    keys = keys if owned is not None else None
    shared = [(one, make) for one, make in made if one.is_shared]
    if not shared and (owned is None or keys is None):
        yield None
        return
    async with AsyncExitStack() as stack:
        lent: list[Lent[P]] = []
        for one, make in shared:
            calling = make(one.key)
            stack.push_async_callback(calling.aclose)
            lent.append(Lent(one, calling, None, told_to_operator))
        owner, make_own = owned if owned is not None else shared[0]
        pool = await stack.enter_async_context(KeyedProviders[P](make_own))
        yield Providers(lent, keys, pool, owner)


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
