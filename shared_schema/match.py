"""How well a text and its audio go together: what is doubtful, and what is written for no sound."""

from enum import StrEnum

from pydantic import Field

from shared_schema.base import Outbound


class Witness(StrEnum):
    """What else says which words a recording holds."""

    SCRIPT = "script"
    """The text that was read aloud."""
    LIVE = "live"
    """The words that came while speaking."""
    FINAL_PASS = "final_pass"  # noqa: S105 - a name, not a secret
    """The transcription of the whole recording."""


class DoubtKind(StrEnum):
    """How a text and its witnesses differ."""

    MISSING = "missing"
    """A witness has words that the text lacks."""
    EXTRA = "extra"
    """The text has words that no doubting witness has."""
    CHANGED = "changed"
    """A witness has other words in their place."""


class CoverageKind(StrEnum):
    """How words and voice do not cover one another."""

    BEFORE_FIRST_WORD = "before_first_word"
    """There is voice before the first word."""
    AFTER_LAST_WORD = "after_last_word"
    """There is voice after the last word."""
    BETWEEN_WORDS = "between_words"
    """There is voice between two words that nothing is written for."""
    NO_VOICE = "no_voice"
    """There are words where there is no voice."""
    TOO_FAST = "too_fast"
    """The pace is impossible: the text holds more than the audio."""
    TOO_SLOW = "too_slow"
    """The pace is impossible: the audio holds more than the text."""


class Reading(Outbound):
    """What one witness has at a place."""

    witness: Witness
    text: str
    """As the witness writes it; empty where it has nothing there."""
    agrees: bool
    """Whether that is what the text has."""


class Doubt(Outbound):
    """A place of the text that a witness contradicts. Counts begin at 0, ends are exclusive."""

    kind: DoubtKind
    text: str
    """What the text has there; empty where it has nothing."""
    first_word: int
    """White space, hyphens and other marks part words; in scripts without spaces each character is
    one."""
    end_word: int
    """Equal to `first_word` where the text has nothing."""
    first_character: int
    """Unicode code points."""
    end_character: int
    readings: tuple[Reading, ...]
    slight: bool
    """Whether this may well be the provider's mistake: it sounds alike, or a better witness
    agrees with the text. Not marked as a doubt unless someone asks."""
    start: float | None = None
    """Seconds from the beginning of the audio, where known."""
    end: float | None = None


class Coverage(Outbound):
    """A stretch of audio where words and voice do not cover one another."""

    kind: CoverageKind
    start: float
    """Seconds from the beginning of the audio."""
    end: float
    per_second: float | None = None
    """Words, or characters in scripts without spaces, for each second of voice: of `too_fast` and
    `too_slow`."""
    expected: float | None = None
    """The most or the least that people speak of them in a second."""


class Match(Outbound):
    """What is known of a text and its audio."""

    rate: float = Field(ge=0, le=1)
    """The share of words that nothing contradicts; slight doubts count as agreement."""
    doubts: tuple[Doubt, ...]
    """In the order of the text."""
    coverage: tuple[Coverage, ...]
    """In the order of time."""
