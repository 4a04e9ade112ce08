"""vLLM as a deployment chooses it."""

from functools import partial

from transcription.providers import key_check
from transcription.providers.base import Offered, Provider
from transcription.providers.vllm.files import VllmFiles
from transcription.providers.vllm.models import LANGUAGES, VllmModels
from transcription.providers.vllm.realtime import VllmRealtime
from transcription.settings import Settings


def vllm(settings: Settings) -> Provider:
    """Return Voxtral on servers of one's own. It needs no key, unless it was started with one."""
    server_url, connect_seconds = settings.vllm_server_url, settings.provider_connect_seconds
    return Provider(
        name="vllm",
        languages=LANGUAGES,
        models=VllmModels(),
        live=Offered.of(settings.vllm_realtime_model, settings.allowed_models),
        batch=Offered.of(settings.vllm_transcribe_model, settings.allowed_models),
        realtime=lambda api_key: VllmRealtime(
            server_url=server_url, api_key=api_key, connect_seconds=connect_seconds
        ),
        files=lambda api_key: VllmFiles(
            server_url=server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=settings.provider_file_seconds,
        ),
        secrets=None,
        key=settings.vllm_api_key,
        is_shared=True,
        key_setting="VLLM_API_KEY",
        check_key=partial(key_check.check, server_url),
        list_models=partial(key_check.listed, server_url),
        own_keys=None,
        # The engine says here whether it lives, and wants no key.
        health_url=f"{server_url}/health",
    )
