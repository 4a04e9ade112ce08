"""vLLM as a deployment chooses it."""

from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from transcription.providers.vllm import models
from transcription.providers.vllm.files import VllmFiles
from transcription.providers.vllm.realtime import VllmRealtime

if TYPE_CHECKING:
    from transcription.settings import Settings


class Vllm:
    """Voxtral on servers of one's own. It needs no key, unless it was started with one."""

    name: Final = "vllm"
    languages: Final = models.LANGUAGES
    own_keys: Final = None

    def key(self, settings: "Settings") -> SecretStr | None:
        """Return what the server was started with as `--api-key`, if anything."""
        return settings.vllm_api_key

    def is_configured(self, settings: "Settings") -> bool:
        """Return true: its address has a default."""
        return bool(settings.vllm_server_url)

    def realtime_model(self, settings: "Settings") -> str:
        """Return the model of live sessions that name none."""
        return settings.vllm_realtime_model

    def file_model(self, settings: "Settings") -> str:
        """Return the model of calls with a file that name none."""
        return settings.vllm_transcribe_model

    def health_url(self, settings: "Settings") -> str | None:
        """Return where the engine says whether it lives. It wants no key."""
        return f"{settings.vllm_server_url}/health"

    def realtime(self, settings: "Settings", key: SecretStr | None) -> VllmRealtime:
        """Return its live half, which calls with `key`; the caller closes it."""
        return VllmRealtime(
            server_url=settings.vllm_server_url,
            api_key=key,
            connect_seconds=settings.provider_connect_seconds,
        )

    def files(self, settings: "Settings", key: SecretStr | None) -> VllmFiles:
        """Return its batch half, which calls with `key`; the caller closes it."""
        return VllmFiles(
            server_url=settings.vllm_server_url,
            api_key=key,
            connect_seconds=settings.provider_connect_seconds,
            deadline_seconds=settings.provider_file_seconds,
        )
