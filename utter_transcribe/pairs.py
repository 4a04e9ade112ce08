"""Show at the command line what goes with what: a voice and its text."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_schema.voices import VoiceDetail


def show_voice(voice: VoiceDetail) -> None:
    """Print what is known of a voice, and its transcript."""
    rows = {
        "name": voice.name,
        "language": voice.language,
        "seconds": f"{voice.duration_seconds:.1f}",
        "made": f"{voice.created_at:%Y-%m-%d %H:%M}",
        "text by": voice.transcript_source,
        "settled by": voice.settled_by,
        "consent": "yes" if voice.consent else "no",
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in rows.items():
        if value is not None:
            table.add_row(name, Text(value))
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print(Text(f"\n{voice.transcript}"))
