"""Mistral as a deployment chooses it."""

from functools import partial

from pydantic import SecretStr

from transcription.providers.base import Offered, OwnKeyRules, Provider
from transcription.providers.mistral import own_keys
from transcription.providers.mistral.cards import ModelCards
from transcription.providers.mistral.client_secrets import MistralSecrets
from transcription.providers.mistral.files import MistralFiles
from transcription.providers.mistral.models import LANGUAGES
from transcription.providers.mistral.realtime import MistralRealtime, build_validators


def mistral(
    *,
    server_url: str,
    key: SecretStr | None,
    live: Offered,
    batch: Offered,
    connect_seconds: float,
    file_seconds: float,
) -> Provider:
    """Return Voxtral, hosted by Mistral. Every call needs a key."""
    return Provider(
        name="mistral",
        languages=LANGUAGES,
        models=ModelCards(server_url, api_key=key, connect_seconds=connect_seconds),
        live=live,
        batch=batch,
        realtime=lambda api_key: MistralRealtime(
            server_url=server_url, api_key=api_key, connect_seconds=connect_seconds
        ),
        files=lambda api_key: MistralFiles(
            server_url=server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=file_seconds,
        ),
        secrets=lambda: MistralSecrets(server_url=server_url, connect_seconds=connect_seconds),
        key=key,
        is_shared=key is not None,
        own_keys=OwnKeyRules("Mistral", own_keys.SHAPE, partial(own_keys.check, server_url)),
        # What became of sessions and calls tells more than a status page.
        health_url=None,
        prepare=build_validators,
    )
