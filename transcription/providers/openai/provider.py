"""A server of OpenAI's shape as a deployment chooses it."""

from functools import partial

from pydantic import SecretStr

from transcription.providers import key_check
from transcription.providers.base import Offered, Provider
from transcription.providers.openai.files import OpenAIFiles
from transcription.providers.openai.models import LANGUAGES, OpenAIModels
from transcription.providers.openai.realtime import OpenAIRealtime
from transcription.settings import Settings


def openai(settings: Settings) -> Provider:
    """Return a server of OpenAI's shape. One of your own may need no key."""
    server_url, connect_seconds = settings.openai_server_url, settings.provider_connect_seconds
    live, allowed = settings.openai_realtime_model, settings.allowed_models

    def realtime(api_key: SecretStr | None) -> OpenAIRealtime:
        return OpenAIRealtime(
            server_url=server_url, api_key=api_key, connect_seconds=connect_seconds
        )

    return Provider(
        name="openai",
        languages=LANGUAGES,
        models=OpenAIModels(),
        live=Offered("", frozenset()) if live is None else Offered.of(live, allowed),
        batch=Offered.of(settings.openai_transcribe_model, allowed),
        realtime=None if live is None else realtime,
        files=lambda api_key: OpenAIFiles(
            server_url=server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=settings.provider_file_seconds,
        ),
        secrets=None,
        key=settings.openai_api_key,
        is_shared=True,
        key_setting="OPENAI_API_KEY",
        check_key=partial(key_check.check, server_url),
        list_models=partial(key_check.listed, server_url),
        own_keys=None,
        # The outcome of sessions and calls says more than a status page.
        health_url=None,
    )
