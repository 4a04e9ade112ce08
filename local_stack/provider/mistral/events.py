"""An engine's events as the wire's JSON; realtime and server-sent events share it."""

import math
from typing import Any

from local_stack.provider.engine import (
    Done,
    Event,
    Failed,
    LanguageDetected,
    Segment,
    TextDelta,
    Turn,
)
from local_stack.provider.mistral import errors


def event_json(event: Event, model: str) -> dict[str, Any]:
    """One event; what is no part of the wire (`Abort`, `Close`, `Verbatim`) has no JSON."""
    match event:
        case TextDelta(text):
            return {"type": "transcription.text.delta", "text": text}
        case LanguageDetected(language):
            return {"type": "transcription.language", "audio_language": language}
        case Segment():
            return {"type": "transcription.segment", **segment_json(event)}
        case Turn():
            return turn_json(event)
        case Done():
            return {"type": "transcription.done", **done_json(event, model)}
        case Failed(message, code):
            return errors.event(message, errors.ENGINE_LOST if code is None else code)
        case _:
            raise TypeError(f"not said in JSON: {event!r}")


def segment_json(segment: Segment) -> dict[str, Any]:
    """A stretch of text; times in seconds."""
    told: dict[str, Any] = {
        "text": segment.text,
        "start": segment.start,
        "end": segment.end,
        "speaker_id": segment.speaker,
        "score": segment.score,
    }
    return {name: value for name, value in told.items() if value is not None}


def turn_json(turn: Turn) -> dict[str, Any]:
    """News of a turn; its end has a reason."""
    out: dict[str, Any] = {"type": f"turn.{turn.event}"}
    if turn.at is not None:
        out["time_s"] = turn.at
    if turn.event == "end":
        out["end_reason"] = turn.end_reason
    return out


def done_json(done: Done, model: str) -> dict[str, Any]:
    """The whole transcript; `prompt_audio_seconds` is an integer on this wire."""
    words = len(done.text.split())
    language = {"language": done.language} if done.tells_language else {}
    return {
        "model": model,
        "text": done.text,
        **language,
        "segments": [
            {"type": "transcription_segment", **segment_json(segment)} for segment in done.segments
        ],
        "usage": {
            "prompt_audio_seconds": math.ceil(done.audio_seconds),
            "prompt_tokens": 0,
            "completion_tokens": words,
            "total_tokens": words,
        },
    }
