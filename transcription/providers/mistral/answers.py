"""What Mistral says, live and of a file, as our events.

Read field by field. The SDK's models refuse a whole answer for one field that is missing, null or
new, and its text would be lost.
"""

from collections.abc import Mapping
from typing import Any, Final

from transcription.providers.base import (
    LanguageDetected,
    Segment,
    TextDelta,
    TranscriptDone,
    Turn,
    TurnEvent,
)
from transcription.providers.numbers import number, seconds

Answer = Mapping[str, Any]
Event = TextDelta | LanguageDetected | Segment | Turn | TranscriptDone

_TURNS: Final[Mapping[str, TurnEvent]] = {
    "turn.start": "start",
    "turn.eager_end": "eager_end",
    "turn.resume": "resume",
    "turn.end": "end",
}
_MAX_REASON: Final = 64
"""Characters of a reason that is passed on."""


def event(told: Answer) -> Event | None:
    """Return our event; None for one that is unknown, or holds nothing for us."""
    match told:
        case {"type": "transcription.text.delta", "text": str(text)}:  # nearly every event
            found: Event | None = TextDelta(text)
        case {"type": "transcription.segment"}:
            found = segment(told)
        case {"type": "transcription.language", "audio_language": str(heard)} if heard:
            found = LanguageDetected(heard)
        case {"type": "transcription.done", "text": str(text)}:
            found = TranscriptDone(text, language(told), billed_seconds(told))
        case {"type": str(name)} if name in _TURNS:
            found = Turn(_TURNS[name], seconds(told.get("time_s")), _end_reason(told))
        case _:
            found = None
    return found


def segment(told: object) -> Segment | None:
    """Return a stretch of speech, with the times it has; None where there is no text."""
    if not isinstance(told, dict) or not isinstance(text := told.get("text"), str):
        return None
    start, end = seconds(told.get("start")), seconds(told.get("end"))
    if start is not None and end is not None:
        end = max(start, end)
    speaker = told.get("speaker_id")
    return Segment(
        text,
        start,
        end,
        speaker if isinstance(speaker, str) and speaker else None,
        number(told.get("score")),
    )


def segments(told: Answer) -> tuple[Segment, ...]:
    """Return the stretches of speech of a whole answer."""
    listed = told.get("segments")
    found = map(segment, listed) if isinstance(listed, list) else ()
    return tuple(one for one in found if one is not None)


def language(told: Answer) -> str | None:
    """Return the language of a whole answer, ISO 639-1, where it names one."""
    heard = told.get("language")
    return heard if isinstance(heard, str) and heard else None


def billed_seconds(told: Answer) -> float | None:
    """Return the seconds of audio that a whole answer counts, where it counts any."""
    usage = told.get("usage")
    counted = seconds(usage.get("prompt_audio_seconds")) if isinstance(usage, dict) else None
    return counted or None


def _end_reason(told: Answer) -> str | None:
    reason = told.get("end_reason")
    return reason if isinstance(reason, str) and 0 < len(reason) <= _MAX_REASON else None
