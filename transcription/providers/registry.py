"""Which providers there are, and those that a deployment uses. A new one is an entry here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from transcription.providers.base import Offered, Provider
from transcription.providers.mistral.provider import mistral
from transcription.providers.openai.provider import openai
from transcription.providers.vllm.provider import vllm
from transcription.settings import Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """A provider that a deployment may choose."""

    bind: Callable[[Settings], Provider]
    takes_own_keys: bool = False
    """Whether users may bring keys of their own for it."""


def _mistral(settings: Settings) -> Provider:
    return mistral(
        server_url=settings.mistral_server_url,
        key=settings.mistral_api_key,
        live=_offered(settings, settings.mistral_realtime_model),
        batch=_offered(settings, settings.mistral_transcribe_model),
        **_patience(settings),
    )


def _vllm(settings: Settings) -> Provider:
    return vllm(
        server_url=settings.vllm_server_url,
        key=settings.vllm_api_key,
        live=_offered(settings, settings.vllm_realtime_model),
        batch=_offered(settings, settings.vllm_transcribe_model),
        **_patience(settings),
    )


def _openai(settings: Settings) -> Provider:
    live = settings.openai_realtime_model
    return openai(
        server_url=settings.openai_server_url,
        key=settings.openai_api_key,
        live=None if live is None else _offered(settings, live),
        batch=_offered(settings, settings.openai_transcribe_model),
        **_patience(settings),
    )


PROVIDERS: Final[dict[str, Entry]] = {
    "mistral": Entry(_mistral, takes_own_keys=True),
    "vllm": Entry(_vllm),
    "openai": Entry(_openai),
}


def bind(settings: Settings) -> tuple[Provider, ...]:
    """Return the providers that a deployment uses, in order, without what is switched off."""
    bound = [PROVIDERS[name].bind(settings) for name in settings.providers]
    return tuple(_without_what_is_off(one, settings, place) for place, one in enumerate(bound))


def _without_what_is_off(provider: Provider, settings: Settings, place: int) -> Provider:
    is_live = settings.transcription_enabled and settings.realtime_enabled
    # A client that carries its session by itself has one provider's secret, and no other's.
    is_direct = is_live and settings.realtime_mode == "direct" and place == 0
    return replace(
        provider,
        # The models that callers may name are the first provider's.
        live=provider.live if place == 0 else Offered.of(provider.live.default),
        batch=provider.batch if place == 0 else Offered.of(provider.batch.default),
        realtime=provider.realtime if is_live else None,
        files=provider.files if settings.transcription_enabled else None,
        secrets=provider.secrets if is_direct else None,
        own_keys=provider.own_keys if settings.byok_enabled else None,
        health_url=provider.health_url if settings.transcription_enabled else None,
    )


def _offered(settings: Settings, default: str) -> Offered:
    return Offered.of(default, settings.allowed_models)


def _patience(settings: Settings) -> dict[str, Any]:
    return {
        "connect_seconds": settings.provider_connect_seconds,
        "file_seconds": settings.provider_file_seconds,
    }
