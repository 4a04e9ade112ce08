"""Transcription models, as far as this stack stands in for them."""

from local_stack.provider.engine import ModelCard

_LANGUAGES = ("en", "zh", "hi", "es", "ar", "fr", "pt", "ru", "de", "ja", "ko", "it", "nl")

_LANGUAGES_3 = (*_LANGUAGES, "pl", "sv", "tr", "uk", "vi")
"""More than those of the second generation; which they really are, only the real cards say."""

HOSTED = (
    ModelCard(
        id="voxtral-mini-2602",
        modes=("offline",),
        languages=_LANGUAGES,
        diarization=True,
        context_bias=True,
        bias_pattern=r"[^,\s]+",
        timestamp_granularities=("segment", "word"),
        language_excludes_timestamps=True,
        description="Files, second generation.",
    ),
    ModelCard(
        id="voxtral-mini-transcribe-realtime-2602",
        modes=("realtime",),
        languages=_LANGUAGES,
        streaming_delays_ms=((80, 2400),),
        description="Live, second generation.",
    ),
    ModelCard(
        id="voxtral-mini-transcribe-3",
        modes=("offline", "realtime"),
        languages=_LANGUAGES_3,
        generation=3,
        diarization=True,
        context_bias=True,
        timestamp_granularities=("segment",),
        streaming_delays_ms=((80, 1200), (2400, 2400)),
        description="Files and live, third generation.",
    ),
    ModelCard(
        id="voxtral-mini-transcribe-realtime-3",
        modes=("realtime",),
        languages=_LANGUAGES_3,
        generation=3,
        diarization=True,
        context_bias=True,
        streaming_delays_ms=((80, 1200), (2400, 2400)),
        turn_detection=True,
        description="Live, third generation.",
    ),
)
"""Of the hosted service: files and live of the second generation, and the third that does both."""

SELF_HOSTED = (
    ModelCard(
        id="mistralai/Voxtral-Mini-4B-Realtime-2602",
        modes=("offline", "realtime"),
        languages=_LANGUAGES,
        description="Files and live, open weights.",
    ),
)
"""What one vLLM serves."""

SHAPED = (
    ModelCard(
        id="whisper-1",
        modes=("offline",),
        languages=_LANGUAGES,
        context_bias=True,
        timestamp_granularities=("segment", "word"),
        description="Files, OpenAI's shape.",
    ),
    ModelCard(
        id="gpt-live-transcribe",
        modes=("realtime",),
        languages=_LANGUAGES,
        context_bias=True,
        description="Live, OpenAI's shape.",
    ),
)
"""Of a server that speaks OpenAI's shape."""
