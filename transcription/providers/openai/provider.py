"""A server of OpenAI's shape as a deployment chooses it."""

from functools import partial

from pydantic import SecretStr

from transcription.providers import key_check
from transcription.providers.base import Offered, Provider
from transcription.providers.openai.files import OpenAIFiles
from transcription.providers.openai.models import LANGUAGES, OpenAIModels
from transcription.providers.openai.realtime import OpenAIRealtime


def openai(
    *,
    server_url: str,
    key: SecretStr | None,
    live: Offered | None,
    batch: Offered,
    connect_seconds: float,
    file_seconds: float,
) -> Provider:
    """Return a server of OpenAI's shape. One of your own may need no key.

    Args:
        server_url: Its address, without `/v1`.
        key: Sent as a bearer.
        live: None: it has no realtime transcription.
        batch: Models for files.
        connect_seconds: Limit on a connection's handshake.
        file_seconds: Limit on a whole file.
    """

    def realtime(api_key: SecretStr | None) -> OpenAIRealtime:
        return OpenAIRealtime(
            server_url=server_url, api_key=api_key, connect_seconds=connect_seconds
        )

    return Provider(
        name="openai",
        languages=LANGUAGES,
        models=OpenAIModels(),
        live=live or Offered("", frozenset()),
        batch=batch,
        realtime=None if live is None else realtime,
        files=lambda api_key: OpenAIFiles(
            server_url=server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=file_seconds,
        ),
        secrets=None,
        key=key,
        is_shared=True,
        key_setting="OPENAI_API_KEY",
        check_key=partial(key_check.check, server_url),
        list_models=partial(key_check.listed, server_url),
        own_keys=None,
        # The outcome of sessions and calls says more than a status page.
        health_url=None,
    )
