"""How well a text goes with its audio.

`frontend/src/match/match.ts` is the same in TypeScript.
"""

from collections.abc import Sequence
from typing import Final

from shared_schema.match import Match, Witness
from transcription.match.coverage import coverage
from transcription.match.doubts import Compared, Evidence, beside, find
from transcription.match.levels import Voice
from transcription.match.times import Span, join
from transcription.match.words import Word, rounded, split

_UNKNOWN: Final = "en"
"""A text whose language nobody told is tried with English ways to say its words."""


def match(
    text: str,
    witnesses: Sequence[Evidence],
    *,
    language: str,
    voice: Voice | None = None,
) -> Match:
    """Compare a text with its witnesses and with the voice in its audio.

    It takes up to a second of CPU for the longest transcript that is allowed: keep it off an
    event loop.

    Args:
        text: What is said to be spoken, word for word.
        witnesses: Each at most once.
        language: ISO 639-1, or a locale that begins with it; empty where it is not known.
        voice: Where there is voice in the audio, or its length alone.
    """
    code = language.replace("_", "-").partition("-")[0].lower()
    words = split(text)
    said_in = code or _UNKNOWN
    compared = [beside(words, one, said_in) for one in witnesses]
    doubts = find(text, words, compared, said_in)
    strong = [one for one in doubts if not one.slight]
    wrong = sum(
        max(one.end_word - one.first_word, *(len(split(each.text)) for each in one.readings))
        for one in strong
    )
    right = len(words) - sum(one.end_word - one.first_word for one in strong)
    return Match(
        rate=rounded(right / (right + wrong), 10_000) if right + wrong else 1.0,
        doubts=tuple(doubts),
        coverage=tuple(coverage(words, times(words, compared), voice, code) if voice else ()),
    )


def times(words: Sequence[Word], compared: Sequence[Compared]) -> list[Span | None]:
    """Return when each word of a text is said, by the first witness that knows."""
    for witness in (Witness.FINAL_PASS, Witness.LIVE):
        for one in compared:
            if one.witness == witness and one.spans:
                return join(len(words), one.steps, one.spans)
    return [None] * len(words)
