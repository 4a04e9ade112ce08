"""What the third generation of Voxtral wants of its options, beyond what a model's card tells."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pybase64 import b64decode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local_stack.provider.generated.reader import UnreadableError

CONTEXT_TOKENS = 65_536
"""Shared by the audio and the texts that it is biased with."""
MAX_SPEAKERS = 8
CLIP_SECONDS = (3.0, 15.0)
NOT_BOTH = "Diarization is not compatible with turn detection"
_BYTES_PER_TOKEN = 4
"""About so many of a text; which tokens there are, only the service knows."""


class TurnSettings(BaseModel):
    """`turn_detection` of a session."""

    model_config = ConfigDict(extra="forbid")

    start_threshold: float = Field(0.5, ge=0, le=1)
    eager_end_threshold: float = Field(0.5, ge=0, le=1)
    end_threshold: float = Field(0.33, ge=0, le=1)
    min_silence_ms: int = Field(500, ge=0)
    end_timeout_ms: int | None = Field(None, ge=0)


def turn_fault(asked: Mapping[str, Any]) -> str | None:
    """What is wrong with the settings of turns; None: nothing."""
    try:
        turns = TurnSettings.model_validate(asked)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"]
    if not turns.start_threshold >= turns.eager_end_threshold > turns.end_threshold:
        return "thresholds must satisfy start >= eager_end > end"
    if turns.end_timeout_ms is not None and turns.end_timeout_ms < turns.min_silence_ms:
        return "end_timeout_ms must be at least min_silence_ms"
    return None


def speakers_fault(clips: Mapping[str, str]) -> str | None:
    """What is wrong with the speakers' voices, base64 by name; None: nothing."""
    if len(clips) > MAX_SPEAKERS:
        return f"at most {MAX_SPEAKERS} speakers are taken"
    for name, clip in clips.items():
        try:
            seconds = _seconds(b64decode(clip, validate=True))
        except (ValueError, UnreadableError):
            return f"{name}: no audio that can be read"
        low, high = CLIP_SECONDS
        if not low <= seconds <= high:
            return f"{name}: a clip has {low:g} to {high:g} seconds, not {seconds:.1f}"
    return None


def context_fault(terms: Sequence[str]) -> str | None:
    """Whether texts are too much by themselves; None: they fit."""
    tokens = sum(math.ceil(len(term.encode()) / _BYTES_PER_TOKEN) for term in terms)
    if tokens > CONTEXT_TOKENS:
        return f"context_bias and audio have {tokens} tokens, at most {CONTEXT_TOKENS} are taken"
    return None


def _seconds(clip: bytes) -> float:
    # Decoding is for those who send voices: the import costs every start.
    from local_stack.provider.offline.audio import (  # noqa: PLC0415
        BYTES_PER_SECOND,
        read_audio,
    )

    return len(read_audio(clip)) / BYTES_PER_SECOND
