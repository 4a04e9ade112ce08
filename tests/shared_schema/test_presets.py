"""What engines want of a reference."""

from typing import get_args

import pytest

from shared_schema.limits import MAX_AUDIO_SECONDS, MIN_AUDIO_SECONDS
from shared_schema.presets import BY_ID, PRESETS, PresetId, reference_text


def test_every_preset_can_be_met() -> None:
    """A recording that the services take can fit each preset, and each has a source."""
    assert tuple(one.id for one in PRESETS) == get_args(PresetId)
    for one in PRESETS:
        assert MIN_AUDIO_SECONDS <= one.min_seconds < one.best_seconds <= one.max_seconds
        assert one.max_seconds <= MAX_AUDIO_SECONDS
        assert one.source
        assert one.sample_rate is None or 16_000 <= one.sample_rate <= 48_000
    assert BY_ID["f5-tts"].max_seconds == 12


@pytest.mark.parametrize(
    ("preset", "text", "read"),
    [
        ("any", "One.\nTwo", "One.\nTwo\n"),
        ("qwen3-tts", "One.\nTwo", "One. Two\n"),
        ("f5-tts", "One,\n two", "One, two.\n"),
        ("f5-tts", "Really?", "Really?\n"),
        ("f5-tts", "“Really.”", "“Really.”\n"),
        ("f5-tts", "वह ठीक है", "वह ठीक है.\n"),
        ("f5-tts", "今日は晴れ", "今日は晴れ。\n"),
        ("elevenlabs", "One\ntwo", "One\ntwo\n"),
    ],
)
def test_a_text_keeps_its_words(preset: PresetId, text: str, read: str) -> None:
    """An engine's rules change line breaks and the last mark, and no word."""
    assert reference_text(text, BY_ID[preset]) == read
