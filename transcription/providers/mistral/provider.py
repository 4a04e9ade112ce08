"""Mistral as a deployment chooses it."""

import re
from functools import partial
from typing import Final

from pydantic import SecretStr

from transcription.providers import key_check
from transcription.providers.base import Offered, OwnKeyRules, Provider
from transcription.providers.mistral.cards import ModelCards
from transcription.providers.mistral.client_secrets import MistralSecrets
from transcription.providers.mistral.files import MistralFiles
from transcription.providers.mistral.models import LANGUAGES
from transcription.providers.mistral.realtime import MistralRealtime, build_validators

KEY_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")


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
    check = partial(key_check.check, server_url)
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
        key_setting="MISTRAL_API_KEY",
        check_key=check,
        list_models=partial(key_check.listed, server_url),
        own_keys=OwnKeyRules("Mistral", KEY_SHAPE, check),
        # The outcome of sessions and calls says more than a status page.
        health_url=None,
        prepare=build_validators,
    )
