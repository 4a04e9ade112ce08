"""What models behind OpenAI's shape can do.

Source: OpenAI's guides to speech to text and realtime transcription, and its API reference. A
server lists only the names of its models, so any that is named is taken for one.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from pydantic import SecretStr

from transcription.providers.base import FileCapabilities, RealtimeCapabilities

LANGUAGES: Final = frozenset(
    (
        *("af", "ar", "az", "be", "bg", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et"),
        *("fa", "fi", "fr", "gl", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "kk", "kn"),
        *("ko", "lt", "lv", "mi", "mk", "mr", "ms", "ne", "nl", "no", "pl", "pt", "ro", "ru", "sk"),
        *("sl", "sr", "sv", "sw", "ta", "th", "tl", "tr", "uk", "ur", "vi", "zh"),
    )
)
"""ISO 639-1, of Whisper."""
MAX_FILE_BYTES: Final = 25_000_000
"""OpenAI's limit is 25 MB."""
MICRODOLLARS_PER_MINUTE: Final[Mapping[str, int]] = MappingProxyType(
    {"whisper-1": 6000, "gpt-4o-transcribe": 6000, "gpt-4o-mini-transcribe": 3000}
)
"""OpenAI's list prices, as the ledger's prices have them too."""
_MAX_LAG_MS: Final = 2500
"""Nothing is promised: as for Voxtral."""
_UNTIMED: Final = "gpt-"
"""OpenAI's own models of this name give `json` alone."""


class OpenAIModels:
    """What its models can do. The call shows whether a server has the model."""

    async def realtime_capabilities(
        self, model: str, key: SecretStr | None = None
    ) -> RealtimeCapabilities:
        """Return what a realtime model can do."""
        return RealtimeCapabilities(
            model=model,
            languages=LANGUAGES,
            accepts_language=True,
            accepts_context_bias=True,
            max_bias_terms=None,
            max_lag_ms=_MAX_LAG_MS,
            microdollars_per_minute=MICRODOLLARS_PER_MINUTE.get(model),
        )

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Return what a model can do with a file."""
        timed = not model.startswith(_UNTIMED)
        return FileCapabilities(
            model=model,
            languages=LANGUAGES,
            timestamps=frozenset({"segment", "word"}) if timed else frozenset(),
            context_bias=True,
            max_bias_terms=None,
            max_bytes=MAX_FILE_BYTES,
            microdollars_per_minute=MICRODOLLARS_PER_MINUTE.get(model),
        )

    async def warm_up(self, models: Collection[str]) -> None:
        """Do nothing: nothing here is made once."""

    async def aclose(self) -> None:
        """Do nothing: nothing is held."""
