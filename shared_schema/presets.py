"""What engines that clone voices want of a reference: its length, its form and its text.

Page, services, command and docs are made from this one list.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, get_args

PresetId = Literal["any", "qwen3-tts", "f5-tts", "fish", "elevenlabs", "mistral"]


@dataclass(frozen=True, slots=True)
class ReferencePreset:
    """One engine, or any."""

    id: PresetId
    title: str
    """As people call it."""
    min_seconds: float
    """A shorter recording is called short."""
    best_seconds: float
    """From `min_seconds` to here the engine clones best."""
    max_seconds: float
    """A longer recording is called long."""
    sample_rate: int | None
    """Samples per second (Hz) of `reference.wav`; the recording's own, up to 48 kHz, when None."""
    source: str
    """Where the figures come from."""
    strict: bool = True
    """Whether no bundle holds more than `max_seconds`."""
    channels: Literal[1] = 1
    needs_text: bool = True
    """Whether the engine reads the transcript."""
    one_line: bool = False
    """Whether line breaks in the text become spaces."""
    ends_sentence: bool = False
    """Whether a text that ends without a mark of punctuation gets a full stop."""


PRESETS: Final[tuple[ReferencePreset, ...]] = (
    ReferencePreset(
        "any",
        "Any engine",
        *(10, 20, 30),
        strict=False,
        sample_rate=None,
        source="What the engines below have in common.",
    ),
    ReferencePreset(
        "qwen3-tts",
        "Qwen3-TTS",
        *(10, 20, 20),
        sample_rate=24_000,
        one_line=True,
        source="https://www.alibabacloud.com/help/en/model-studio/qwen-tts-voice-cloning: "
        "10 to 20 seconds are recommended, 24 kHz or more, mono.",
    ),
    ReferencePreset(
        "f5-tts",
        "F5-TTS",
        *(5, 12, 12),
        sample_rate=24_000,
        one_line=True,
        ends_sentence=True,
        source="https://github.com/SWivid/F5-TTS/tree/main/src/f5_tts/infer: it cuts the audio "
        "after 12 seconds and leaves the text, and adds a missing full stop. 24 kHz, mono.",
    ),
    ReferencePreset(
        "fish",
        "Fish Audio",
        *(10, 30, 30),
        sample_rate=44_100,
        one_line=True,
        source="https://docs.fish.audio/developer-guide/sdk-guide/cookbook/instant-voice-cloning: "
        "a clip of 10 to 30 seconds and its exact transcript. The model works at 44.1 kHz.",
    ),
    ReferencePreset(
        "elevenlabs",
        "ElevenLabs",
        *(60, 120, 180),
        sample_rate=44_100,
        needs_text=False,
        source="https://elevenlabs.io/docs/creative-platform/voices/voice-cloning/"
        "instant-voice-cloning: one to two minutes; more than three can harm. No transcript.",
    ),
    ReferencePreset(
        "mistral",
        "Mistral (ref_audio)",
        *(5, 25, 25),
        sample_rate=24_000,
        needs_text=False,
        source="https://docs.mistral.ai/studio/audio/text-to-speech/voice-cloning: WAV or MP3, "
        "base64, no transcript. 5 to 25 seconds are recommended, 3 are enough; 24 kHz.",
    ),
)
BY_ID: Final = {one.id: one for one in PRESETS}
assert set(BY_ID) == set(get_args(PresetId))  # noqa: S101 - the type and the list are one


def reference_text(text: str, preset: ReferencePreset) -> str:
    """Return a transcript as the engine reads it: its words unchanged, one line feed at its end."""
    kept = " ".join(text.split()) if preset.one_line else text
    if preset.ends_sentence and unicodedata.category(kept[-1])[0] in "LMN":
        kept += "\u3002" if unicodedata.east_asian_width(kept[-1]) == "W" else "."
    return f"{kept}\n"
