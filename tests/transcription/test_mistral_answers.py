"""Mistral's answers, whatever they lack."""

from typing import Any

import pytest

from transcription.providers.base import LanguageDetected, Segment, TranscriptDone, Turn
from transcription.providers.mistral import answers


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, (None, None, None, None)),
        ({"start": 0.0, "end": 1}, (0.0, 1.0, None, None)),
        ({"start": 2, "end": 1}, (2.0, 2.0, None, None)),
        ({"start": None, "end": 1}, (None, 1.0, None, None)),
        ({"start": "1", "end": True}, (None, None, None, None)),
        ({"start": -1, "end": 10**400}, (None, None, None, None)),
        ({"speaker_id": "ann", "score": 0.5}, (None, None, "ann", 0.5)),
        ({"speaker_id": 7, "score": "high"}, (None, None, None, None)),
        ({"speaker_id": "", "score": -0.25, "new": {}}, (None, None, None, -0.25)),
    ],
)
def test_a_segment_has_what_is_told(
    fields: dict[str, Any], told: tuple[float | None, float | None, str | None, float | None]
) -> None:
    """What a segment lacks is absent, and never 0."""
    assert answers.event({"type": "transcription.segment", "text": "a", **fields}) == Segment(
        "a", *told
    )


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"type": "turn.start"}, Turn("start", None)),
        ({"type": "turn.resume", "time_s": 0}, Turn("resume", 0.0)),
        ({"type": "turn.end", "time_s": 1, "end_reason": "boredom"}, Turn("end", 1.0, "boredom")),
        ({"type": "turn.end", "time_s": "1", "end_reason": 7}, Turn("end", None)),
        ({"type": "turn.end", "end_reason": "x" * 65}, Turn("end", None)),
        ({"type": "turn.over"}, None),
        ({"type": "transcription.language", "audio_language": "fr"}, LanguageDetected("fr")),
        ({"type": "transcription.language", "audio_language": None}, None),
        ({"type": ["turn.end"]}, None),
        ({}, None),
    ],
)
def test_an_event_is_read_as_far_as_it_is_known(event: dict[str, Any], told: object) -> None:
    """Reasons of tomorrow are passed on; events of tomorrow are passed over."""
    assert answers.event(event) == told


@pytest.mark.parametrize("language", [{}, {"language": None}, {"language": ""}, {"language": 7}])
@pytest.mark.parametrize(
    "usage", [{}, {"usage": None}, {"usage": {}}, {"usage": {"prompt_audio_seconds": None}}]
)
@pytest.mark.parametrize(
    "segments", [{}, {"segments": None}, {"segments": 7}, {"segments": [7, {"text": None}]}]
)
def test_no_text_is_lost_for_a_field(
    language: dict[str, Any], usage: dict[str, Any], segments: dict[str, Any]
) -> None:
    """A whole answer needs its text alone."""
    answer = {"type": "transcription.done", "text": "a", **language, **usage, **segments}
    assert answers.event(answer) == TranscriptDone("a")
    assert answers.segments(answer) == ()
