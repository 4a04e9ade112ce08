"""Show at the command line how a text goes with its recording, and what a voice is."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_schema.match import Coverage, CoverageKind, Match
from shared_schema.voices import VoiceDetail, VoiceMatch
from utter_transcribe.display import clock

DIFFERS: Final = 3
"""Exit status where a text does not match its recording."""
_WEIGHTS: Final = ("", "perhaps heard wrong")
"""Of a doubt, and of a slight one."""
_SENTENCES: Final[Mapping[CoverageKind, str]] = MappingProxyType(
    {
        CoverageKind.BEFORE_FIRST_WORD: "Nothing is written for the beginning, {place}.",
        CoverageKind.AFTER_LAST_WORD: "Nothing is written for the end, {place}.",
        CoverageKind.BETWEEN_WORDS: "Nothing is written for {place}.",
        CoverageKind.NO_VOICE: "Words are written for {place}, where nobody speaks.",
        CoverageKind.TOO_FAST: "Nobody speaks so fast: {pace} in a second, at most {expected}.",
        CoverageKind.TOO_SLOW: "Nobody speaks so slowly: {pace} in a second, at least {expected}.",
    }
)


def text_of(argument: str) -> str:
    """Return the text that an argument is, or that is in the file that it names after `@`.

    Raises:
        ValueError: The file cannot be read, or holds no UTF-8.
    """
    if not argument.startswith("@"):
        return argument
    try:
        return Path(argument[1:]).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        message = f"{argument[1:]} is not UTF-8"
    except OSError as error:
        message = f"{argument[1:]} cannot be read: {error.strerror}"
    raise ValueError(message)


def is_exact(match: Match) -> bool:
    """Tell whether nothing contradicts a text, slight doubts aside."""
    return not match.coverage and all(one.slight for one in match.doubts)


def show_match(match: Match) -> None:
    """Print how well a text goes with its recording, and where they differ."""
    console = Console(soft_wrap=True, highlight=False)
    if not is_exact(match):
        console.print(f"{match.rate:.1%} of the text match the recording.")
    elif match.doubts:
        console.print("The text matches the recording, except where it may have been heard wrong.")
    else:
        console.print("The text matches the recording.")
    for one in match.coverage:
        console.print(_sentence(one))
    if not match.doubts:
        return
    table = Table("at", "written", "heard", "", box=None, pad_edge=False)
    for doubt in match.doubts:
        at = "" if doubt.start is None else clock(doubt.start)
        heard = next((one.text for one in doubt.readings if not one.agrees), "")
        table.add_row(
            at, *(Text(one or "–") for one in (doubt.text, heard)), _WEIGHTS[doubt.slight]
        )
    console.print(table)


def _sentence(one: Coverage) -> str:
    place = f"{clock(one.start)} to {clock(one.end)}"
    return _SENTENCES[one.kind].format(place=place, pace=one.per_second, expected=one.expected)


def show_voice(voice: VoiceDetail) -> None:
    """Print what is known of a voice, and its transcript."""
    rows = {
        "name": voice.name,
        "language": voice.language,
        "seconds": f"{voice.duration_seconds:.1f}",
        "made": f"{voice.created_at:%Y-%m-%d %H:%M}",
        "text by": voice.transcript_source,
        "settled by": voice.settled_by,
        "match": None if voice.match is None else _told(voice.match),
        "consent": "yes" if voice.consent else "no",
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in rows.items():
        if value is not None:
            table.add_row(name, Text(value))
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print(Text(f"\n{voice.transcript}"))


def _told(match: VoiceMatch) -> str:
    return f"{match.rate:.1%}, {'heard by the service' if match.proved else 'not proved'}"
