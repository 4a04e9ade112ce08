"""Which provider a deployment uses. A new one is a line here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from transcription.providers.base import FileProvider, RealtimeProvider
from transcription.providers.mistral import models
from transcription.providers.mistral.files import MistralFiles
from transcription.providers.mistral.realtime import MistralRealtime
from transcription.settings import Settings


def _mistral_realtime(settings: Settings) -> RealtimeProvider | None:
    if settings.mistral_api_key is None:
        return None
    return MistralRealtime(
        server_url=settings.mistral_server_url,
        api_key=settings.mistral_api_key,
        connect_seconds=settings.provider_connect_seconds,
    )


def _mistral_files(settings: Settings) -> FileProvider | None:
    if settings.mistral_api_key is None:
        return None
    return MistralFiles(
        server_url=settings.mistral_server_url,
        api_key=settings.mistral_api_key,
        connect_seconds=settings.provider_connect_seconds,
        deadline_seconds=settings.provider_file_seconds,
    )


_REALTIME: Final[Mapping[str, Callable[[Settings], RealtimeProvider | None]]] = MappingProxyType(
    {"mistral": _mistral_realtime}
)


_FILES: Final[Mapping[str, Callable[[Settings], FileProvider | None]]] = MappingProxyType(
    {"mistral": _mistral_files}
)


_LANGUAGES: Final[Mapping[str, frozenset[str]]] = MappingProxyType({"mistral": models.LANGUAGES})


def realtime_provider(settings: Settings) -> RealtimeProvider | None:
    """Return the provider of live sessions, or None where they are off or have no key."""
    if not (settings.transcription_enabled and settings.realtime_enabled):
        return None
    return _REALTIME[settings.transcription_provider](settings)


def realtime_models(settings: Settings) -> frozenset[str]:
    """Return the models that a live session may name."""
    return frozenset({settings.mistral_realtime_model, *settings.allowed_models})


def file_provider(settings: Settings) -> FileProvider | None:
    """Return the provider of whole files, or None where transcription is off or has no key."""
    if not settings.transcription_enabled:
        return None
    return _FILES[settings.transcription_provider](settings)


def file_models(settings: Settings) -> frozenset[str]:
    """Return the models that a call with a file may name."""
    return frozenset({settings.mistral_transcribe_model, *settings.allowed_models})


def known_languages(settings: Settings) -> frozenset[str]:
    """Return the ISO 639-1 codes that the provider is known to take, without asking it."""
    return _LANGUAGES[settings.transcription_provider]
