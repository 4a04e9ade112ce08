"""Which providers there are, and those that a deployment uses. A new one is an entry here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

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


PROVIDERS: Final[dict[str, Entry]] = {
    "mistral": Entry(mistral, takes_own_keys=True),
    "vllm": Entry(vllm),
    "openai": Entry(openai),
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
