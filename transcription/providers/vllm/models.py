"""What a Voxtral model can do behind vLLM.

Source: vLLM's realtime handler takes a model and nothing else for a session; its files take a
language, and Voxtral's answers have no times. The delay between audio and text is set for a whole
server. A server lists only the names of its models, so any that is named is taken for a
Voxtral.
"""

from collections.abc import Collection
from typing import Final

from pydantic import SecretStr

from transcription.providers.base import FileCapabilities, RealtimeCapabilities

LANGUAGES: Final = frozenset(
    ("en", "zh", "hi", "es", "ar", "fr", "pt", "ru", "de", "ja", "ko", "it", "nl")
)
"""ISO 639-1."""
MAX_FILE_BYTES: Final = 25_000_000
"""What vLLM accepts by default; a hair less than its 25 MiB."""
_MAX_LAG_MS: Final = 2500
"""The greatest delay that a server can be set to, 2.4 s, and a little for the way."""


class VllmModels:
    """What its models can do. The session or the call shows whether a server has the model."""

    async def realtime_capabilities(
        self, model: str, key: SecretStr | None = None
    ) -> RealtimeCapabilities:
        """Return what a realtime model can do: a session is its model, and no more."""
        return RealtimeCapabilities(
            model=model,
            languages=LANGUAGES,
            max_lag_ms=_MAX_LAG_MS,
            microdollars_per_minute=0,
        )

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Return what a model can do with a file."""
        return FileCapabilities(
            model=model,
            languages=LANGUAGES,
            max_bytes=MAX_FILE_BYTES,
            microdollars_per_minute=0,
        )

    async def warm_up(self, models: Collection[str]) -> None:
        """Do nothing: nothing here is made once."""

    async def aclose(self) -> None:
        """Do nothing: nothing is held."""
