"""Model cards as `GET /v1/models` returns them."""

from typing import Any

from local_stack.provider.engine import ModelCard


def card_json(card: ModelCard) -> dict[str, Any]:
    """One card, in the shape of `BaseModelCard` of the `mistralai` package."""
    return {
        "id": card.id,
        "object": "model",
        "type": "base",
        "created": 1_770_000_000,
        "owned_by": "mistralai",
        "name": card.id,
        "description": card.description,
        "max_context_length": 32_768,
        "aliases": [],
        "capabilities": {
            "completion_chat": False,
            "audio": True,
            "audio_transcription": "offline" in card.modes,
            "audio_transcription_realtime": "realtime" in card.modes,
        },
        "audio_transcription_capabilities": {
            "modes": list(card.modes),
            "diarization": card.diarization,
            "context_bias": card.context_bias,
            "turn_detection": card.turn_detection,
            "timestamp_granularities": list(card.timestamp_granularities),
            "languages": list(card.languages),
            "streaming_delays_ms": [
                {"min": low, "max": high} for low, high in card.streaming_delays_ms
            ],
        },
    }
