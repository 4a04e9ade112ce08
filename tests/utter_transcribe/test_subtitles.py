"""Subtitles are what players read."""

from shared_schema.batch import Segment, Transcription, Word
from utter_transcribe.subtitles import srt, vtt

WHOLE = Transcription(
    text="One & two. Three.",
    model="m",
    duration_seconds=4000.0,
    request_id="r",
    segments=(
        Segment(text=" One & two.", start=0.0, end=1.25, speaker="ann"),
        Segment(text="<Three>.", start=3661.0004, end=3662.9996),
    ),
)


def test_srt() -> None:
    """Cues are numbered from one, and hours, minutes, seconds and milliseconds are whole."""
    assert srt(WHOLE) == (
        "1\n00:00:00,000 --> 00:00:01,250\nann: One & two.\n"
        "\n"
        "2\n01:01:01,000 --> 01:01:03,000\n<Three>.\n"
    )


def test_vtt() -> None:
    """A speaker is a voice, and what is spoken is no markup."""
    assert vtt(WHOLE) == (
        "WEBVTT\n"
        "\n"
        "00:00:00.000 --> 00:00:01.250\n<v ann>One &amp; two.\n"
        "\n"
        "01:01:01.000 --> 01:01:03.000\n&lt;Three>.\n"
    )


def test_words_and_no_times() -> None:
    """Words are cues where there are no segments; a text without times is one cue."""
    word = Word(text="One", start=0.5, end=0.75)
    words = WHOLE.model_copy(update={"segments": None, "words": (word,)})
    assert srt(words) == "1\n00:00:00,500 --> 00:00:00,750\nOne\n"
    bare = WHOLE.model_copy(update={"segments": None, "duration_seconds": 2.0})
    assert srt(bare) == "1\n00:00:00,000 --> 00:00:02,000\nOne & two. Three.\n"
    assert srt(bare.model_copy(update={"text": ""})) == ""


def test_a_time_that_is_missing() -> None:
    """Where a part has no times nothing of the text is lost, and no time is made up."""
    untimed = Segment(text="Three.", start=3.0)
    parts = (*(WHOLE.segments or ()), untimed)
    whole = WHOLE.model_copy(update={"segments": parts, "duration_seconds": 2.0})
    assert srt(whole) == "1\n00:00:00,000 --> 00:00:02,000\nOne & two. Three.\n"
