"""Options fitted to a model."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from shared_schema.client_messages import SpeakerReference, TurnSettings
from transcription.errors import InvalidMessage
from transcription.providers.base import FileOptions, RealtimeOptions
from transcription.providers.fitting import fit, fit_live
from transcription.providers.mistral.models import file_capabilities, realtime_capabilities

V2 = file_capabilities("voxtral-mini-2602")
V3 = file_capabilities("voxtral-mini-transcribe-3")
LIVE_3 = realtime_capabilities("voxtral-mini-transcribe-realtime-3")
ASKED = FileOptions(model="any", language="de")


def test_what_a_model_can_do_is_left_alone() -> None:
    """Options that fit pass unchanged and without a warning."""
    asked = replace(ASKED, context_bias=("Acme", "two words"), timestamps="segment", diarize=True)
    assert fit(asked, V3).options == asked
    assert fit(asked, V3).warnings == ()
    assert fit(ASKED, V2).warnings == ()


@pytest.mark.parametrize("timestamps", ["segment", "word"])
def test_timestamps_win_over_the_language(timestamps: str) -> None:
    """Where a model takes one of the two, timestamps are kept, and the caller is told."""
    fitted = fit(replace(ASKED, timestamps=timestamps), V2)  # type: ignore[arg-type]
    assert (fitted.options.language, fitted.options.timestamps) == (None, timestamps)
    assert "language" in fitted.warnings[0]


def test_the_language_is_asked_for_where_it_has_to_be() -> None:
    """A model that tells it on request alone is asked, and never beside a language."""
    assert fit(FileOptions("any"), V3).options.return_language
    assert not fit(ASKED, V3).options.return_language
    assert fit(ASKED, replace(V3, languages=frozenset())).options.return_language
    assert not fit(FileOptions("any"), V2).options.return_language


def test_speakers_are_told_by_segment() -> None:
    """Diarization brings segment timestamps with it, and wins over words."""
    alone = fit(FileOptions("any", diarize=True), V2)
    assert (alone.options.timestamps, alone.warnings) == ("segment", ())
    words = fit(FileOptions("any", timestamps="word", diarize=True), V2)
    assert words.options.timestamps == "segment"
    assert "segment" in words.warnings[0]


def test_phrases_are_split_for_models_of_single_words() -> None:
    """Bias terms of several words become words, once each, and the caller is told."""
    fitted = fit(FileOptions("any", context_bias=("Dow Jones", "Jones,Smith", "Acme")), V2)
    assert fitted.options.context_bias == ("Dow", "Jones", "Smith", "Acme")
    assert "split" in fitted.warnings[0]


def test_no_more_than_a_hundred_words_are_sent() -> None:
    """Phrases may split into more words than a model takes: the first hundred stay."""
    phrases = tuple(f"a{n} b{n}" for n in range(60))
    fitted = fit(FileOptions("any", context_bias=phrases), V2)
    assert len(fitted.options.context_bias) == 100
    assert "first 100" in fitted.warnings[1]


def test_a_language_that_cannot_be_set_is_detected() -> None:
    """A model without settable languages detects it, and the caller is told."""
    fitted = fit(ASKED, replace(V3, languages=frozenset()))
    assert fitted.options.language is None
    assert fitted.warnings


def test_what_a_model_cannot_do_at_all_is_refused() -> None:
    """Nothing is dropped in silence."""
    for asked, can in (
        (FileOptions("any", timestamps="word"), V3),
        (FileOptions("any", language="fi"), V2),
        (FileOptions("any", language="fi"), replace(V3, languages=frozenset({"de"}))),
        (FileOptions("any", diarize=True), replace(V3, diarization=False)),
        (FileOptions("any", diarize=True), replace(V3, timestamps=frozenset())),
        (FileOptions("any", context_bias=("Acme",)), replace(V3, context_bias=False)),
    ):
        with pytest.raises(InvalidMessage):
            fit(asked, can)


def test_bias_is_bounded_by_the_model() -> None:
    """Version 3 takes any number of texts that have room beside an hour of audio, live too."""
    terms = tuple(f"a{n}, and b{n}." for n in range(150))
    asked = RealtimeOptions("any", context_bias=terms)
    assert fit_live(asked, LIVE_3).options == asked
    assert fit(FileOptions("any", context_bias=terms), V3).options.context_bias == terms
    much = ("é" * 4000,) * 2 + ("x" * 385,)
    for kept in (much[:2], much):
        refused = pytest.raises(InvalidMessage, match=r"context_bias")
        with refused if kept is much else nullcontext():
            fit_live(replace(asked, context_bias=kept), LIVE_3)
        with refused if kept is much else nullcontext():
            fit(FileOptions("any", context_bias=kept), V3)


VOICE = SpeakerReference(name="ann", audio="UklGRg==")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (RealtimeOptions("any", diarize=True, speakers=(VOICE,)), None),
        (RealtimeOptions("any", speakers=(VOICE,)), "set diarize"),
        (RealtimeOptions("any", diarize=True, speakers=(VOICE, VOICE)), "a name of its own"),
        (RealtimeOptions("any", turn_detection=True, turns=TurnSettings()), None),
        (
            RealtimeOptions("any", turn_detection=True, turns=TurnSettings(end_threshold=0.5)),
            "must fall",
        ),
        (
            RealtimeOptions("any", turn_detection=True, turns=TurnSettings(start_threshold=0.4)),
            "must fall",
        ),
        (
            RealtimeOptions("any", turn_detection=True, turns=TurnSettings(end_timeout_ms=400)),
            "end_timeout_ms",
        ),
    ],
)
def test_voices_and_turns_live(asked: RealtimeOptions, words: str | None) -> None:
    """Voices and settings of turns pass as they are, or are refused in words."""
    with nullcontext() if words is None else pytest.raises(InvalidMessage, match=words):
        assert fit_live(asked, LIVE_3).options == asked


def test_speakers_or_turns_live() -> None:
    """A session that asks for both is refused in words that name them."""
    both = RealtimeOptions("any", diarize=True, turn_detection=True)
    with pytest.raises(InvalidMessage, match=r"diarize or turn_detection"):
        fit_live(both, LIVE_3)


def test_what_a_live_model_cannot_do_is_refused_by_name() -> None:
    """Speakers and turns that were asked for are told, or the session does not begin."""
    live_2, live_3 = (
        realtime_capabilities(f"voxtral-mini-transcribe-realtime-{one}") for one in ("2602", "3")
    )
    for asked, name in (
        (RealtimeOptions("any", diarize=True), "diarize"),
        (RealtimeOptions("any", turn_detection=True), "turn_detection"),
    ):
        assert fit_live(asked, live_3).options == asked
        with pytest.raises(InvalidMessage, match=name):
            fit_live(asked, live_2)
