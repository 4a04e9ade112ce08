"""Transcribe a file at the command line: a bar while it is sent, then its words."""

import sys
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TransferSpeedColumn,
)

from shared_schema.batch import (
    DeltaEvent,
    FinalEvent,
    Segment,
    Transcription,
    TranscriptionOptions,
)
from utter_transcribe import subtitles
from utter_transcribe.files import Api

Form = Literal["text", "json", "srt", "vtt"]


async def transcribe(
    api: Api, file: Path, options: TranscriptionOptions, *, form: Form = "text"
) -> Transcription:
    """Print the transcript of `file` on standard output, and all else on standard error.

    Args:
        api: Of the service.
        file: Of any accepted kind.
        options: For the provider; with timestamps or speakers every segment or word gets a line.
        form: Print bare text, the whole answer as one JSON object, or subtitles.

    Raises:
        ClientError: There is no transcript.
    """
    aside = Console(stderr=True, highlight=False)
    lines = form != "text" or options.timestamps is not None or options.diarize is True
    written = ""
    final: Transcription | None = None
    with _bar(aside) as bar:
        task = bar.add_task(f"Sending {file.name}", total=None)

        def progress(sent: int, size: int) -> None:
            said = f"Sending {file.name}" if sent < size else "Listening"
            bar.update(task, completed=sent, total=size, description=said)

        async for event in api.stream(file, options, progress=progress):
            if isinstance(event, DeltaEvent) and not lines:
                bar.stop()
                print(event.text, end="", flush=True)
                written += event.text
            elif isinstance(event, FinalEvent):
                final = event
    assert final is not None  # noqa: S101 - the stream ends with it, or raises
    whole = Transcription.model_validate(final.model_dump())
    if form == "json":
        print(whole.to_json())
    elif form == "srt":
        print(subtitles.srt(whole), end="")
    elif form == "vtt":
        print(subtitles.vtt(whole), end="")
    elif lines:
        for part in final.segments or final.words or ():
            who = f"{part.speaker}: " if isinstance(part, Segment) and part.speaker else ""
            when = " ".join(
                " " * 8 if at is None else f"{at:8.2f}" for at in (part.start, part.end)
            )
            print(f"{when}  {who}{part.text.strip()}")
    elif not final.text.startswith(written):
        print(f"\n{final.text}")
    else:
        print(final.text.removeprefix(written))
    for warning in final.warnings or ():
        aside.print(f"note: {warning}", style="yellow")
    sys.stdout.flush()
    return final


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
