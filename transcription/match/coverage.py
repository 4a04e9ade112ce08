"""Where words and voice do not cover one another.

`frontend/src/match/coverage.ts` is the same in TypeScript.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from shared_schema.match import Coverage, CoverageKind
from transcription.match.levels import Voice
from transcription.match.times import Span
from transcription.match.words import Word, is_spaceless, rounded

MAX_UNWRITTEN_SECONDS: Final = 0.6
"""Of voice that no word covers: a breath, a cough or a long vowel is shorter."""
_SLACK_SECONDS: Final = 0.1
"""By which the times of words are wrong."""
_MIN_WORDS_SECONDS: Final = 0.4
"""Shorter stretches of words say nothing of whether there is voice."""
_MAX_VOICELESS_SHARE: Final = 0.1
"""Words with less voice than this are where nobody speaks."""
_FAST: Final = 2.2
_SLOW: Final = 0.35
"""Times the usual pace: nobody speaks faster, or slower, than that for long."""
_MIN_PACED_SECONDS: Final = 2.0
"""Shorter recordings have no pace."""
USUAL_PACE: Final[Mapping[str, float]] = MappingProxyType(
    {
        "en": 2.6, "zh": 4.5, "hi": 2.6, "es": 2.9, "ar": 2.0, "fr": 3.0, "pt": 2.7, "ru": 2.0,
        "de": 2.2, "ja": 6.5, "ko": 2.0, "it": 2.6, "nl": 2.4, "th": 9.0,
    }
)  # fmt: skip
"""Words a second, of people who read aloud; characters in scripts without spaces."""
_OTHER_PACE: Final = 2.4
_OTHER_PACE_SPACELESS: Final = 6.0


def coverage(
    words: Sequence[Word], times: Sequence[Span | None], voice: Voice, language: str
) -> list[Coverage]:
    """Return where words and voice do not cover one another, in the order of time.

    Args:
        words: Of the text.
        times: When each of them is said, where known.
        voice: Where someone speaks.
        language: ISO 639-1.
    """
    found = _pace(words, voice, language)
    timed = [one for one in times if one]
    if voice.stretches is not None and (timed or not words):
        found += _unwritten(timed, voice.stretches)
        found += _voiceless(timed, voice.stretches)
    return sorted(found, key=lambda one: (one.start, one.end))


def _pace(words: Sequence[Word], voice: Voice, language: str) -> list[Coverage]:
    seconds = voice.spoken_seconds
    if seconds < _MIN_PACED_SECONDS or not words:
        return []
    spaceless = sum(is_spaceless(word.key[0]) for word in words) * 2 > len(words)
    usual = USUAL_PACE.get(language, _OTHER_PACE_SPACELESS if spaceless else _OTHER_PACE)
    pace = len(words) / seconds
    if usual * _SLOW <= pace <= usual * _FAST:
        return []
    fast = pace > usual
    return [
        Coverage(
            kind=CoverageKind.TOO_FAST if fast else CoverageKind.TOO_SLOW,
            start=0.0,
            end=voice.seconds,
            per_second=rounded(pace, 100),
            expected=rounded(usual * (_FAST if fast else _SLOW), 100),
        )
    ]


def _unwritten(timed: Sequence[Span], stretches: Sequence[Span]) -> list[Coverage]:
    """Return the voice that nothing is written for."""
    found: list[Coverage] = []
    covered = sorted(Span(one.start - _SLACK_SECONDS, one.end + _SLACK_SECONDS) for one in timed)
    gaps: list[tuple[CoverageKind, Span]] = []
    at, kind = 0.0, CoverageKind.BEFORE_FIRST_WORD
    for one in covered:
        if one.start > at:
            gaps.append((kind, Span(at, one.start)))
        at, kind = max(at, one.end), CoverageKind.BETWEEN_WORDS
    end = stretches[-1].end if stretches else at
    gaps.append((CoverageKind.AFTER_LAST_WORD, Span(at, max(at, end))))
    for kind, gap in gaps:
        parts = [
            Span(max(one.start, gap.start), min(one.end, gap.end))
            for one in stretches
            if one.start < gap.end and one.end > gap.start
        ]
        if sum(one.end - one.start for one in parts) > MAX_UNWRITTEN_SECONDS:
            found.append(Coverage(kind=kind, start=parts[0].start, end=parts[-1].end))
    return found


def _voiceless(timed: Sequence[Span], stretches: Sequence[Span]) -> list[Coverage]:
    """Return the words that stand where nobody speaks, those in a row together."""
    runs: list[Span] = []
    for one in timed:
        voiced = sum(
            max(0.0, min(one.end, each.end) - max(one.start, each.start)) for each in stretches
        )
        if voiced > _MAX_VOICELESS_SHARE * (one.end - one.start):
            continue
        if runs and one.start - runs[-1].end < MAX_UNWRITTEN_SECONDS:
            runs[-1] = Span(runs[-1].start, max(runs[-1].end, one.end))
        else:
            runs.append(one)
    return [
        Coverage(kind=CoverageKind.NO_VOICE, start=one.start, end=one.end)
        for one in runs
        if one.end - one.start >= _MIN_WORDS_SECONDS
    ]
