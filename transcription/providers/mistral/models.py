"""What Mistral's transcription models can do.

Source: Mistral's documentation of Voxtral (13 languages; delays of 80 ms to 2.4 s in version
2, 80 to 1200 ms or 2400 ms in version 3; bias terms are single words in version 2).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from transcription.errors import NotFound
from transcription.providers.base import RealtimeCapabilities

_LANGUAGES: Final = frozenset(
    ("en", "zh", "hi", "es", "ar", "fr", "pt", "ru", "de", "ja", "ko", "it", "nl")
)
_MAX_LAG_MS: Final = 2500
"""The greatest streaming delay, 2.4 s, and a little for the way."""


def _realtime(
    model: str, *, delays: tuple[range, ...], single_word_bias: bool
) -> RealtimeCapabilities:
    return RealtimeCapabilities(
        model=model,
        languages=_LANGUAGES,
        accepts_language=True,
        accepts_context_bias=True,
        single_word_bias=single_word_bias,
        streaming_delays_ms=delays,
        max_lag_ms=_MAX_LAG_MS,
    )


_VERSION_2: Final = _realtime(
    "voxtral-mini-transcribe-realtime-2602",
    delays=(range(80, 2401),),
    single_word_bias=True,
)
_VERSION_3: Final = _realtime(
    "voxtral-mini-transcribe-realtime-3",
    delays=(range(80, 1201), range(2400, 2401)),
    single_word_bias=False,
)
_REALTIME: Final[Mapping[str, RealtimeCapabilities]] = MappingProxyType(
    {one.model: one for one in (_VERSION_2, _VERSION_3)}
)


def realtime_capabilities(model: str) -> RealtimeCapabilities:
    """Return what a realtime model can do.

    Raises:
        NotFound: the model is not known.
    """
    try:
        return _REALTIME[model]
    except KeyError:
        raise NotFound(f"There is no realtime model called {model[:100]!r}.") from None
