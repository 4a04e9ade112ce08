"""Mistral as a deployment chooses it."""

from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from transcription.providers.base import OwnKeyRules
from transcription.providers.mistral import models, own_keys
from transcription.providers.mistral.client_secrets import MistralSecrets
from transcription.providers.mistral.files import MistralFiles
from transcription.providers.mistral.realtime import MistralRealtime

if TYPE_CHECKING:
    from transcription.settings import Settings


class Mistral:
    """Voxtral, hosted by Mistral. It needs a key."""

    name: Final = "mistral"
    wire: Final = "mistral"
    languages: Final = models.LANGUAGES
    own_keys: Final = OwnKeyRules("Mistral", own_keys.SHAPE, own_keys.check)

    def key(self, settings: "Settings") -> SecretStr | None:
        """Return the deployment's key, if it has one."""
        return settings.mistral_api_key

    def is_configured(self, settings: "Settings") -> bool:
        """Return whether there is a key."""
        return settings.mistral_api_key is not None

    def realtime_model(self, settings: "Settings") -> str:
        """Return the model of live sessions that name none."""
        return settings.mistral_realtime_model

    def file_model(self, settings: "Settings") -> str:
        """Return the model of calls with a file that name none."""
        return settings.mistral_transcribe_model

    def health_url(self, settings: "Settings") -> str | None:
        """Return nothing: what became of sessions and calls tells more than a status page."""
        return None

    def realtime(self, settings: "Settings", key: SecretStr | None) -> MistralRealtime:
        """Return its live half, which calls with `key`; the caller closes it."""
        return MistralRealtime(
            server_url=settings.mistral_server_url,
            api_key=_needed(key),
            connect_seconds=settings.provider_connect_seconds,
        )

    def files(self, settings: "Settings", key: SecretStr | None) -> MistralFiles:
        """Return its batch half, which calls with `key`; the caller closes it."""
        return MistralFiles(
            server_url=settings.mistral_server_url,
            api_key=_needed(key),
            connect_seconds=settings.provider_connect_seconds,
            deadline_seconds=settings.provider_file_seconds,
        )

    def secrets(self, settings: "Settings") -> MistralSecrets:
        """Return what makes client secrets; the caller closes it."""
        return MistralSecrets(
            server_url=settings.mistral_server_url,
            connect_seconds=settings.provider_connect_seconds,
        )


def _needed(key: SecretStr | None) -> SecretStr:
    if key is None:
        message = "Mistral needs a key"
        raise ValueError(message)
    return key
