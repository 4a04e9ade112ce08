"""Mistral as a deployment chooses it."""

import re
from functools import partial
from typing import Final

from transcription.providers import key_check
from transcription.providers.base import Offered, OwnKeyRules, Provider
from transcription.providers.mistral.cards import ModelCards
from transcription.providers.mistral.client_secrets import MistralSecrets
from transcription.providers.mistral.files import MistralFiles
from transcription.providers.mistral.models import LANGUAGES
from transcription.providers.mistral.realtime import MistralRealtime, build_validators
from transcription.settings import Settings

KEY_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")


def mistral(settings: Settings) -> Provider:
    """Return Voxtral, hosted by Mistral. Every call needs a key."""
    server_url, key = settings.mistral_server_url, settings.mistral_api_key
    connect_seconds = settings.provider_connect_seconds
    check = partial(key_check.check, server_url)
    return Provider(
        name="mistral",
        languages=LANGUAGES,
        models=ModelCards(server_url, api_key=key, connect_seconds=connect_seconds),
        live=Offered.of(settings.mistral_realtime_model, settings.allowed_models),
        batch=Offered.of(settings.mistral_transcribe_model, settings.allowed_models),
        realtime=lambda api_key: MistralRealtime(
            server_url=server_url, api_key=api_key, connect_seconds=connect_seconds
        ),
        files=lambda api_key: MistralFiles(
            server_url=server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=settings.provider_file_seconds,
        ),
        secrets=lambda: MistralSecrets(server_url=server_url, connect_seconds=connect_seconds),
        key=key,
        is_shared=key is not None,
        key_setting="MISTRAL_API_KEY",
        check_key=check,
        list_models=partial(key_check.listed, server_url),
        own_keys=OwnKeyRules("Mistral", KEY_SHAPE, check),
        # The outcome of sessions and calls says more than a status page.
        health_url=None,
        prepare=build_validators,
    )
