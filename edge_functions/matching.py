"""Texts beside what was heard in their recordings."""

import asyncio
from collections.abc import Sequence

from edge_functions.receipts import Heard, Receipts
from shared_schema.limits import MAX_STORED_DOUBTS
from shared_schema.match import Coverage, CoverageKind, Match, Witness
from shared_schema.voices import CloneRequest, VoiceMatch
from transcription.errors import TextMismatch
from transcription.match.doubts import Evidence
from transcription.match.levels import Voice
from transcription.match.match import match
from transcription.match.times import Timed
from transcription.providers.base import Segment, TranscriptionResult, Word

_PACES = frozenset({CoverageKind.TOO_FAST, CoverageKind.TOO_SLOW})
"""What depends on how much text there is, and on nothing that was heard."""
_TOLD_DOUBTS = 3
_TOLD_CHARACTERS = 60
"""Of a reading."""


async def compared(
    text: str, result: TranscriptionResult, language: str | None, voice: Voice
) -> tuple[Match, tuple[Coverage, ...]]:
    """Compare a text with what was heard.

    Returns:
        The match, and the coverage of what was heard itself.
    """
    evidence = Evidence(
        Witness.FINAL_PASS, result.text, _timed(result.words), _timed(result.segments)
    )
    code = language or ""

    def work() -> tuple[Match, tuple[Coverage, ...]]:
        asked = match(text, [evidence], language=code, voice=voice)
        heard = match(result.text, [evidence], language=code, voice=voice)
        return asked, heard.coverage

    return await asyncio.to_thread(work)


async def of_voice(
    asked: CloneRequest, language: str, seconds: float, heard: Heard, receipts: Receipts
) -> VoiceMatch | None:
    """Return how well a voice's transcript goes with what was heard; None where nothing was.

    Args:
        asked: With the transcript.
        language: ISO 639-1.
        seconds: The length of the recording.
        heard: What a receipt should show.
        receipts: Read it.
    """
    if asked.machine_transcript is None:
        return None
    shown = receipts.read(asked.receipt, heard) if asked.receipt is not None else None
    evidence = Evidence(Witness.FINAL_PASS, asked.machine_transcript)
    found = await asyncio.to_thread(
        match, asked.transcript, [evidence], language=language, voice=Voice(seconds)
    )
    places = (one for one in shown or () if one.kind not in _PACES)
    return VoiceMatch(
        rate=found.rate,
        doubts=found.doubts[:MAX_STORED_DOUBTS],
        coverage=tuple(sorted((*found.coverage, *places), key=lambda one: (one.start, one.end))),
        proved=shown is not None,
    )


def check(found: VoiceMatch | None, least: float | None) -> None:
    """Refuse a text that is not shown to match its recording.

    Args:
        found: How well they match.
        least: The rate that is needed; None needs nothing.

    Raises:
        TextMismatch: it is less, or nothing shows it.
    """
    if least is None:
        return
    if found is None or not found.proved:
        raise TextMismatch(
            "Voices are stored here only with a transcription by this service: transcribe the "
            "recording, and send its text as machine_transcript and its receipt.",
            match=found,
        )
    if found.rate < least:
        raise TextMismatch(
            f"{found.rate:.1%} of the text match the recording; {least:.1%} are needed. "
            f"{_differences(found)}",
            match=found,
        )


def _differences(found: Match) -> str:
    strong = [one for one in found.doubts if not one.slight]
    told = [
        f"{_quoted(one.text)} (heard: {_quoted(one.readings[0].text)})"
        for one in strong[:_TOLD_DOUBTS]
    ]
    more = len(strong) - len(told)
    return f"It differs at {', '.join(told)}{f' and {more} more places' if more else ''}."


def _quoted(text: str) -> str:
    if not text:
        return "nothing"
    return f"“{text if len(text) <= _TOLD_CHARACTERS else text[:_TOLD_CHARACTERS] + '…'}”"


def _timed(parts: Sequence[Word | Segment]) -> tuple[Timed, ...]:
    """Return when parts are said; nothing where that is not known of each."""
    timed = tuple(
        Timed(one.text, one.start, one.end)
        for one in parts
        if one.start is not None and one.end is not None
    )
    return timed if len(timed) == len(parts) else ()
