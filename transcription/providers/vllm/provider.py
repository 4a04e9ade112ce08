"""vLLM as a deployment chooses it."""

from functools import partial

from pydantic import SecretStr

from transcription.providers import key_check
from transcription.providers.base import Offered, Provider
from transcription.providers.vllm.files import VllmFiles
from transcription.providers.vllm.models import LANGUAGES, VllmModels
from transcription.providers.vllm.realtime import VllmRealtime


def vllm(
    *,
    server_url: str,
    key: SecretStr | None,
    live: Offered,
    batch: Offered,
    connect_seconds: float,
    file_seconds: float,
) -> Provider:
    """Return Voxtral on servers of one's own. It needs no key, unless it was started with one."""
    return Provider(
        name="vllm",
        languages=LANGUAGES,
        models=VllmModels(),
        live=live,
        batch=batch,
        realtime=lambda api_key: VllmRealtime(
            server_url=server_url, api_key=api_key, connect_seconds=connect_seconds
        ),
        files=lambda api_key: VllmFiles(
            server_url=server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=file_seconds,
        ),
        secrets=None,
        key=key,
        is_shared=True,
        key_setting="VLLM_API_KEY",
        check_key=partial(key_check.check, server_url),
        list_models=partial(key_check.listed, server_url),
        own_keys=None,
        # The engine says here whether it lives, and wants no key.
        health_url=f"{server_url}/health",
    )
