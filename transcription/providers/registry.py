"""Which providers there are, and which one a deployment uses. A new one is a line here."""

from typing import TYPE_CHECKING, Final

from transcription.providers.base import (
    DirectProvider,
    FileProvider,
    Provider,
    RealtimeProvider,
)
from transcription.providers.health import ProviderHealth
from transcription.providers.mistral.provider import Mistral
from transcription.providers.vllm.provider import Vllm

if TYPE_CHECKING:
    from transcription.settings import Settings

PROVIDERS: Final[dict[str, Provider]] = {
    Mistral.name: Mistral(),
    Vllm.name: Vllm(),
}


def chosen(settings: "Settings") -> Provider:
    """Return the provider that a deployment uses."""
    return PROVIDERS[settings.transcription_provider]


def realtime_provider(settings: "Settings") -> RealtimeProvider | None:
    """Return the provider of live sessions, or None where they are off or not configured."""
    provider = chosen(settings)
    if not (settings.realtime_enabled and _can_transcribe(settings, provider)):
        return None
    return provider.realtime(settings, provider.key(settings))


def direct_provider(settings: "Settings") -> DirectProvider | None:
    """Return the provider that clients may talk to by themselves, or None where they may not."""
    provider = chosen(settings)
    if settings.realtime_mode != "direct" or not isinstance(provider, DirectProvider):
        return None
    return provider if settings.transcription_enabled and settings.realtime_enabled else None


def provider_health(settings: "Settings") -> ProviderHealth:
    """Return what will be known of the provider."""
    provider = chosen(settings)
    url = provider.health_url(settings) if _can_transcribe(settings, provider) else None
    return ProviderHealth(provider.name, url, every_seconds=settings.provider_health_seconds)


def realtime_models(settings: "Settings") -> frozenset[str]:
    """Return the models that a live session may name."""
    return frozenset({chosen(settings).realtime_model(settings), *settings.allowed_models})


def file_provider(settings: "Settings") -> FileProvider | None:
    """Return the provider of whole files, or None where transcription is off or not configured."""
    provider = chosen(settings)
    if not _can_transcribe(settings, provider):
        return None
    return provider.files(settings, provider.key(settings))


def file_models(settings: "Settings") -> frozenset[str]:
    """Return the models that a call with a file may name."""
    return frozenset({chosen(settings).file_model(settings), *settings.allowed_models})


def _can_transcribe(settings: "Settings", provider: Provider) -> bool:
    return settings.transcription_enabled and provider.is_configured(settings)
