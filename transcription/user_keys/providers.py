"""A user's calls with a key of their own.

One that the provider refuses, or that cannot be read, ends the call and says so. Nothing here
ever takes the deployment's key in its place.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
)
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from transcription.errors import OwnKeyRefused, ProviderKeyRefused
from transcription.identity.verifier import User
from transcription.providers.base import (
    AudioFile,
    FileCapabilities,
    FileEvent,
    FileOptions,
    FileProvider,
    Models,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeOptions,
    RealtimeProvider,
    RealtimeSession,
    TranscriptionResult,
)
from transcription.providers.registry import chosen
from transcription.user_keys.base import OwnKey, OwnKeys
from transcription.user_keys.pool import KeyedProviders

if TYPE_CHECKING:
    from transcription.settings import Settings

P = TypeVar("P")
Guard = Callable[[], AbstractAsyncContextManager[None]]

_log = structlog.get_logger(__name__)


class OwnProviders(Generic[P]):
    """Providers that call with users' own keys.

    Args:
        keys: Where they are kept.
        providers: One for each key.
        wrap: Returns a provider whose refusals are told to the key's owner.
        title: The provider's name for people.
    """

    def __init__(
        self,
        keys: OwnKeys,
        providers: KeyedProviders[P],
        wrap: Callable[[P, Guard], P],
        *,
        title: str,
    ) -> None:
        self._keys = keys
        self._providers = providers
        self._wrap = wrap
        self._title = title

    @asynccontextmanager
    async def of(self, user: User) -> AsyncIterator[P | None]:
        """Lend the provider that calls with a user's own key; None: they have stored none.

        Raises:
            OwnKeyUnreadable: there is one, and it cannot be decrypted.
            BackendUnavailable: nobody knows now.
        """
        key = await self._keys.find(user)
        if key is None:
            yield None
            return
        async with self._providers.lent(key.secret) as provider:
            yield self._wrap(provider, lambda: told_to_owner(self._keys, key, self._title))


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


class _OwnModels:
    """What the models can do; asked of the deployment's provider, where there is one.

    Args:
        models: Can tell it.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    async def realtime_capabilities(self, model: str) -> RealtimeCapabilities:
        """Return what `model` can do live.

        Raises:
            NotFound: the model is not offered, or takes no live audio.
        """
        return await self._models.realtime_capabilities(model)

    async def file_capabilities(self, model: str) -> FileCapabilities:
        """Return what `model` can do with a file.

        Raises:
            NotFound: the model is not offered, or takes no files.
        """
        return await self._models.file_capabilities(model)

    async def warm_up(self, models: Collection[str] = ()) -> None:
        """Do nothing: whoever made the provider has done it, or nobody can."""

    async def aclose(self) -> None:
        """Do nothing: whoever made the provider closes it."""


class OwnRealtime(_OwnModels):
    """The live half of a provider, with a user's own key.

    Args:
        provider: Calls with it.
        guard: Tells the owner when it is refused.
        models: Tells what the models can do.
    """

    def __init__(self, provider: RealtimeProvider, guard: Guard, models: Models) -> None:
        super().__init__(models)
        self._provider = provider
        self._guard = guard

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator[RealtimeSession]:
        """Connect and configure a session.

        Raises:
            OwnKeyRefused: the key is refused.
            ProviderError: the provider cannot be reached or refuses.
        """
        async with AsyncExitStack() as leaving:
            async with self._guard():
                session = await leaving.enter_async_context(self._provider.open_realtime(options))
            yield _OwnSession(session, self._guard)


class _OwnSession:
    """A session whose provider may refuse the key late."""

    def __init__(self, session: RealtimeSession, guard: Guard) -> None:
        self._session = session
        self._guard = guard
        # Ten times a second, so without a step between.
        self.offer = session.offer
        self.send = session.send
        self.end = session.end

    @property
    def request_id(self) -> str | None:
        return self._session.request_id

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        async with self._guard():
            await self._session.listen(hear)


class OwnFiles(_OwnModels):
    """The batch half of a provider, with a user's own key.

    Args:
        provider: Calls with it.
        guard: Tells the owner when it is refused.
        models: Tells what the models can do.
    """

    def __init__(self, provider: FileProvider, guard: Guard, models: Models) -> None:
        super().__init__(models)
        self._provider = provider
        self._guard = guard

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Transcribe a whole file.

        Raises:
            OwnKeyRefused: the key is refused.
            ProviderError: the provider cannot be reached or refuses.
        """
        async with self._guard():
            return await self._provider.transcribe_file(audio, options)

    async def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Transcribe a whole file and tell the text as it comes; the result is last.

        Raises:
            OwnKeyRefused: the key is refused.
            ProviderError: the provider cannot be reached or refuses.
        """
        async with (
            self._guard(),
            aclosing(self._provider.stream_file(audio, options)) as events,
        ):
            async for event in events:
                yield event


@asynccontextmanager
async def own_realtime(
    settings: "Settings", keys: OwnKeys | None, shared: Models | None
) -> AsyncIterator[OwnProviders[RealtimeProvider] | None]:
    """Keep providers of live sessions for as long as the block runs; None where there are none."""
    provider = chosen(settings)
    offered = settings.transcription_enabled and settings.realtime_enabled
    if keys is None or provider.own_keys is None or not offered:
        yield None
        return

    def wrap(made: RealtimeProvider, guard: Guard) -> RealtimeProvider:
        return OwnRealtime(made, guard, shared or made)

    async with KeyedProviders[RealtimeProvider](
        lambda key: provider.realtime(settings, key), lambda made: made.aclose()
    ) as providers:
        yield OwnProviders(keys, providers, wrap, title=provider.own_keys.title)


@asynccontextmanager
async def own_files(
    settings: "Settings", keys: OwnKeys | None, shared: Models | None
) -> AsyncIterator[OwnProviders[FileProvider] | None]:
    """Keep providers of files for as long as the block runs; None where there are none."""
    provider = chosen(settings)
    if keys is None or provider.own_keys is None or not settings.transcription_enabled:
        yield None
        return

    def wrap(made: FileProvider, guard: Guard) -> FileProvider:
        return OwnFiles(made, guard, shared or made)

    async with KeyedProviders[FileProvider](
        lambda key: provider.files(settings, key), lambda made: made.aclose()
    ) as providers:
        yield OwnProviders(keys, providers, wrap, title=provider.own_keys.title)
