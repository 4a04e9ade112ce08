"""What `session.update` may ask for, held against what the model can do."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from local_stack.provider.engine import ModelCard, OptionError, RealtimeOptions
from local_stack.provider.mistral import errors, third


def updated(session: object, options: RealtimeOptions, card: ModelCard) -> RealtimeOptions:
    """The options after an update.

    Args:
        session: `session` of a `session.update`.
        options: What holds so far.
        card: The model.

    Raises:
        OptionError: A field is wrong, or the model cannot do what it asks for.
    """
    try:
        update = _SessionUpdate.model_validate(session)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False, include_context=False)
        raise OptionError({"detail": detail}) from None
    for field, text in _faults(update, card):
        raise OptionError(errors.invalid_field(("session", field), text))
    changes: dict[str, Any] = {}
    if update.audio_format is not None:
        changes["encoding"] = update.audio_format.encoding
        changes["sample_rate"] = update.audio_format.sample_rate
    if update.target_streaming_delay_ms is not None:
        changes["target_streaming_delay_ms"] = update.target_streaming_delay_ms
    if update.language is not None:
        changes["language"] = update.language
    if update.context_bias is not None:
        changes["context_bias"] = tuple(update.context_bias)
    if update.diarize is not None:
        changes["diarize"] = update.diarize
    if update.turn_detection is not None:
        changes["turn_detection"] = update.turn_detection
    if update.speaker_references is not None:
        changes["speakers"] = tuple(update.speaker_references)
    return replace(options, **changes)


class _AudioFormat(BaseModel):
    model_config = ConfigDict(extra="forbid")

    encoding: Literal["pcm_s16le", "pcm_s32le", "pcm_f16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"]
    sample_rate: int = Field(ge=8_000, le=96_000)


class _SessionUpdate(BaseModel):
    """`session` of `session.update`; a field that is null or left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    audio_format: _AudioFormat | None = None
    target_streaming_delay_ms: int | None = None
    diarize: bool | None = None
    context_bias: list[str] | None = None
    language: str | None = None
    speaker_references: dict[str, str] | None = None
    turn_detection: dict[str, Any] | None = None


def _faults(update: _SessionUpdate, card: ModelCard) -> Iterator[tuple[str, str]]:
    """Fields that ask for what the model cannot do, and why."""
    delay, ranges = update.target_streaming_delay_ms, card.streaming_delays_ms
    if update.language is not None and update.language not in card.languages:
        yield "language", f"{update.language!r} is none of {', '.join(card.languages)}"
    if delay is not None and not any(
        low <= delay <= high for low, high in card.streaming_delays_ms
    ):
        yield "target_streaming_delay_ms", f"{delay} is in none of {list(ranges)}"
    if update.context_bias and not card.context_bias:
        yield "context_bias", f"{card.id} takes no terms"
    if fault := third.context_fault(update.context_bias or ()):
        yield "context_bias", fault
    if update.diarize and not card.diarization:
        yield "diarize", f"{card.id} cannot tell speakers apart"
    yield from _speaker_faults(update)
    if update.turn_detection is not None:
        if not card.turn_detection:
            yield "turn_detection", f"{card.id} cannot tell turns"
        if update.diarize:
            yield "turn_detection", third.NOT_BOTH
        if fault := third.turn_fault(update.turn_detection):
            yield "turn_detection", fault


def _speaker_faults(update: _SessionUpdate) -> Iterator[tuple[str, str]]:
    if not update.speaker_references:
        return
    if not update.diarize:
        yield "speaker_references", "needs diarize"
    elif fault := third.speakers_fault(update.speaker_references):
        yield "speaker_references", fault
