"""What Mistral's transcription models can do.

Source: Mistral's documentation of Voxtral (13 languages; delays of 80 ms to 2.4 s in version
2, 80 to 1200 ms or 2400 ms in version 3; version 2 takes bias terms for files alone, as single
words, and either a language or timestamps). A model's card (`GET /v1/models/{id}`) is believed
where it says more.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mistralai.client.models import AudioTranscriptionCapabilities

from transcription.errors import NotFound
from transcription.providers.base import FileCapabilities, RealtimeCapabilities, Timestamps

LANGUAGES: Final = frozenset(
    ("en", "zh", "hi", "es", "ar", "fr", "pt", "ru", "de", "ja", "ko", "it", "nl")
)
"""ISO 639-1."""
_MAX_LAG_MS: Final = 2500
"""The greatest streaming delay, 2.4 s, and a little for the way."""


def _realtime(model: str, *, delays: tuple[range, ...], context_bias: bool) -> RealtimeCapabilities:
    return RealtimeCapabilities(
        model=model,
        languages=LANGUAGES,
        accepts_language=True,
        accepts_context_bias=context_bias,
        single_word_bias=False,
        streaming_delays_ms=delays,
        max_lag_ms=_MAX_LAG_MS,
    )


_VERSION_2: Final = _realtime(
    "voxtral-mini-transcribe-realtime-2602",
    delays=(range(80, 2401),),
    context_bias=False,
)
_VERSION_3: Final = _realtime(
    "voxtral-mini-transcribe-realtime-3",
    delays=(range(80, 1201), range(2400, 2401)),
    context_bias=True,
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


def _file(
    model: str, *, timestamps: frozenset[Timestamps], like_version_2: bool
) -> FileCapabilities:
    return FileCapabilities(
        model=model,
        languages=LANGUAGES,
        timestamps=timestamps,
        diarization=True,
        context_bias=True,
        single_word_bias=like_version_2,
        language_or_timestamps=like_version_2,
    )


_FILE: Final[Mapping[str, FileCapabilities]] = MappingProxyType(
    {
        one.model: one
        for one in (
            _file(
                "voxtral-mini-2602", timestamps=frozenset({"segment", "word"}), like_version_2=True
            ),
            _file(
                "voxtral-mini-transcribe-3",
                timestamps=frozenset({"segment"}),
                like_version_2=False,
            ),
        )
    }
)


def file_capabilities(
    model: str, card: AudioTranscriptionCapabilities | None = None
) -> FileCapabilities:
    """Return what a model can do with a file.

    Args:
        model: Its id.
        card: As Mistral tells it; None where it does not.

    Raises:
        NotFound: nothing is known of the model, or it takes no files.
    """
    known = _FILE.get(model)
    if card is None:
        if known is None:
            raise NotFound(f"There is no model for files called {model[:100]!r}.")
        return known
    if "offline" not in (card.modes or ()):
        raise NotFound(f"The model {model[:100]!r} takes no files.")
    granularities: tuple[Timestamps, ...] = ("segment", "word")
    return FileCapabilities(
        model=model,
        languages=frozenset(card.languages or ()),
        timestamps=frozenset(
            one for one in granularities if one in (card.timestamp_granularities or ())
        ),
        diarization=card.diarization is True,
        context_bias=card.context_bias is True,
        # A card does not tell these. What version 2 wants, every version takes.
        single_word_bias=known is None or known.single_word_bias,
        language_or_timestamps=known is None or known.language_or_timestamps,
    )
