"""What Mistral's transcription models can do.

Source: Mistral's documentation of Voxtral. 13 languages; delays of 80 ms to 2.4 s in version 2,
80 to 1200 ms or 2400 ms in version 3; version 2 takes bias terms for files alone, as single
words, and either a language or timestamps; only version 3 reports speakers and turns live. A
model's card (`GET /v1/models/{id}`) is believed where it says something. `docs/models.md` tells
where each figure is from.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from mistralai.client.models import AudioTranscriptionCapabilities

from shared_schema.languages import ENGLISH_NAMES
from transcription.errors import NotFound
from transcription.providers.base import (
    MAX_BIAS_TERMS,
    FileCapabilities,
    RealtimeCapabilities,
    Timestamps,
)

LANGUAGES: Final = frozenset(
    ("en", "zh", "hi", "es", "ar", "fr", "pt", "ru", "de", "ja", "ko", "it", "nl")
)
"""ISO 639-1, of version 2."""
LANGUAGES_3: Final = frozenset(ENGLISH_NAMES)
"""What version 3 may be asked for until its card says which 50 of them (45 live) it knows.

Mistral's documentation tells their number alone, and Mistral refuses one that the model does not
know in words.
"""
MICRODOLLARS_PER_MINUTE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "voxtral-mini-2602": 3000,
        "voxtral-mini-transcribe-3": 3500,
        "voxtral-mini-transcribe-3-0": 3500,
        "voxtral-small-transcribe-3": 4000,
        "voxtral-mini-transcribe-realtime-2602": 6000,
        "voxtral-mini-transcribe-realtime-3": 8000,
        "voxtral-mini-transcribe-realtime-3-0": 8000,
    }
)
"""List prices, as the ledger's prices have them too."""
_MAX_LAG_MS: Final = 2500
"""The greatest streaming delay, 2.4 s, and a little for the way."""
_MAX_BIAS_BYTES: Final = 16_384
"""Of version 3's bias terms, which share 65,536 tokens with the audio.

A byte is at most a token, and the rest has room for an hour at 12.5 tokens a second.
"""
_WIDEST_DELAYS: Final = (range(80, 2401),)
_GRANULARITIES: Final[tuple[Timestamps, ...]] = ("segment", "word")

Card = AudioTranscriptionCapabilities


def _realtime(
    model: str, *, delays: tuple[range, ...], version_3: bool = False
) -> RealtimeCapabilities:
    return RealtimeCapabilities(
        model=model,
        languages=LANGUAGES_3 if version_3 else LANGUAGES,
        accepts_language=True,
        accepts_context_bias=version_3,
        streaming_delays_ms=delays,
        max_lag_ms=_MAX_LAG_MS,
        diarization=version_3,
        turn_detection=version_3,
        speaker_references=version_3,
        max_bias_terms=None if version_3 else MAX_BIAS_TERMS,
        max_bias_bytes=_MAX_BIAS_BYTES if version_3 else None,
        microdollars_per_minute=MICRODOLLARS_PER_MINUTE.get(model),
    )


def _file(model: str, *, timestamps: frozenset[Timestamps], version_2: bool) -> FileCapabilities:
    return FileCapabilities(
        model=model,
        languages=LANGUAGES if version_2 else LANGUAGES_3,
        timestamps=timestamps,
        diarization=True,
        context_bias=True,
        single_word_bias=version_2,
        language_or_timestamps=version_2,
        language_on_request=not version_2,
        speaker_references=not version_2,
        max_bias_terms=MAX_BIAS_TERMS if version_2 else None,
        max_bias_bytes=None if version_2 else _MAX_BIAS_BYTES,
        microdollars_per_minute=MICRODOLLARS_PER_MINUTE.get(model),
    )


_DELAYS_3: Final = (range(80, 1201), range(2400, 2401))
_REALTIME: Final[Mapping[str, RealtimeCapabilities]] = MappingProxyType(
    {
        one.model: one
        for one in (
            _realtime("voxtral-mini-transcribe-realtime-2602", delays=_WIDEST_DELAYS),
            _realtime("voxtral-mini-transcribe-realtime-3", delays=_DELAYS_3, version_3=True),
            _realtime("voxtral-mini-transcribe-realtime-3-0", delays=_DELAYS_3, version_3=True),
        )
    }
)
_FILE: Final[Mapping[str, FileCapabilities]] = MappingProxyType(
    {
        one.model: one
        for one in (
            _file("voxtral-mini-2602", timestamps=frozenset({"segment", "word"}), version_2=True),
            *(
                _file(model, timestamps=frozenset({"segment"}), version_2=False)
                for model in (
                    "voxtral-mini-transcribe-3",
                    "voxtral-mini-transcribe-3-0",
                    "voxtral-small-transcribe-3",
                )
            ),
        )
    }
)


def is_known_live(model: str) -> bool:
    """Return whether it is known, without a card, what a realtime model can do."""
    return model in _REALTIME


def realtime_capabilities(model: str, card: Card | None = None) -> RealtimeCapabilities:
    """Return what a realtime model can do.

    Args:
        model: Its id.
        card: As Mistral returns it; None where it does not.

    Raises:
        NotFound: nothing is known of the model, or it takes no live audio.
    """
    known = _REALTIME.get(model)
    if card is None:
        if known is None:
            raise NotFound(f"There is no realtime model called {model[:100]!r}.")
        return known
    if not _does(card, "realtime", known=known is not None):
        raise NotFound(f"The model {model[:100]!r} takes no live audio.")
    known = known or _realtime(model, delays=())
    languages = known.languages if card.languages is None else frozenset(card.languages)
    delays = known.streaming_delays_ms
    if card.streaming_delays_ms is not None:
        delays = tuple(range(one.min, one.max + 1) for one in card.streaming_delays_ms)
    return replace(
        known,
        languages=languages,
        accepts_language=bool(languages),
        accepts_context_bias=_flag(card, "context_bias", known.accepts_context_bias),
        streaming_delays_ms=delays,
        max_lag_ms=max(known.max_lag_ms, *(one.stop for one in delays), 0),
        diarization=_flag(card, "diarization", known.diarization),
        turn_detection=_flag(card, "turn_detection", known.turn_detection),
    )


def file_capabilities(model: str, card: Card | None = None) -> FileCapabilities:
    """Return what a model can do with a file.

    Args:
        model: Its id.
        card: As Mistral returns it; None where it does not.

    Raises:
        NotFound: nothing is known of the model, or it takes no files.
    """
    known = _FILE.get(model)
    if card is None:
        if known is None:
            raise NotFound(f"There is no model for files called {model[:100]!r}.")
        return known
    if not _does(card, "offline", known=known is not None):
        raise NotFound(f"The model {model[:100]!r} takes no files.")
    # A card does not tell the rules of bias terms and languages. What version 2 wants, every
    # version takes.
    known = known or FileCapabilities(
        model=model,
        languages=LANGUAGES,
        single_word_bias=True,
        language_or_timestamps=True,
        microdollars_per_minute=MICRODOLLARS_PER_MINUTE.get(model),
    )
    timestamps = known.timestamps
    if card.timestamp_granularities is not None:
        timestamps = frozenset(one for one in _GRANULARITIES if one in card.timestamp_granularities)
    return replace(
        known,
        languages=known.languages if card.languages is None else frozenset(card.languages),
        timestamps=timestamps,
        diarization=_flag(card, "diarization", known.diarization),
        context_bias=_flag(card, "context_bias", known.context_bias),
    )


def _does(card: Card, mode: str, *, known: bool) -> bool:
    return known if card.modes is None else mode in card.modes


def _flag(card: Card, name: str, known: bool) -> bool:
    """Return what a card says; the SDK's model fills in False where it says nothing."""
    return getattr(card, name) is True if name in card.model_fields_set else known
