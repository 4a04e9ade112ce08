"""Show a live transcription: for people at a terminal, for pipes, and for programs."""

import json
import sys
from typing import Any, Final, Self, TextIO

from pydantic import TypeAdapter
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from shared_schema.limits import MAX_RESUME_TRIES
from utter_transcribe.events import (
    Acked,
    Event,
    Finished,
    LanguageDetected,
    Noticed,
    Opened,
    Reconnecting,
    Result,
    SpeakerHeard,
    TurnHeard,
    Words,
)

MAX_WIDTH: Final = 92
"""Columns; longer lines are hard to read."""
_REFRESH_PER_SECOND: Final = 12
_event: TypeAdapter[Any] = TypeAdapter(Event)


class Display:
    """Shows events as they come, from when it is entered until it is left."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Take an event."""
        raise NotImplementedError


class JsonLines(Display):
    """One JSON object per event: its name as `event`, and its fields."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        """Write an event."""
        fields = _event.dump_python(event, mode="json", exclude_none=True)
        line = {"event": _NAMES[type(event)]} | fields
        print(json.dumps(line, ensure_ascii=False), file=self._out, flush=True)


_NAMES: Final = {
    Opened: "opened",
    Words: "words",
    Acked: "acked",
    LanguageDetected: "language",
    SpeakerHeard: "segment",
    TurnHeard: "turn",
    Noticed: "notice",
    Reconnecting: "reconnecting",
    Finished: "finished",
}


class Plain(Display):
    """The bare transcript as it grows; other events go elsewhere.

    Where a seam between two sessions changes what was written, the text begins anew on a line
    of its own, so that the last line is always the whole.

    Args:
        out: For the transcript.
        aside: For all else.
    """

    def __init__(self, out: TextIO, aside: TextIO) -> None:
        self._out = out
        self._aside = aside
        self._written = ""

    def __exit__(self, *_: object) -> None:
        if self._written:
            print(file=self._out, flush=True)

    def __call__(self, event: Event) -> None:
        """Write what is new."""
        match event:
            case Words(text=text):
                self._write(text)
            case Finished(result):
                self._write(result.text)
                if result.failure:
                    print(f"ended early: {result.failure.message}", file=self._aside, flush=True)
            case SpeakerHeard() | TurnHeard():
                print(_beside(event), file=self._aside, flush=True)
            case Reconnecting() | Noticed():
                print(_told(event), file=self._aside, flush=True)

    def _write(self, text: str) -> None:
        more = text.removeprefix(self._written)
        if not text.startswith(self._written):
            more = f"\n{text}"
        self._written = text
        print(more, end="", file=self._out, flush=True)


class Terminal(Display):
    """A panel that stays in place while the words appear in it.

    Args:
        console: Of a terminal.
        title: What is heard, such as a file's name.
        seconds: Its length; None if unknown.
    """

    def __init__(self, console: Console, title: str, seconds: float | None = None) -> None:
        self._console = console
        self._title = title
        self._seconds = seconds
        self._text = ""
        self._fresh = 0
        self._heard = 0.0
        self._state = ("connecting…", "yellow")
        self._detail = ""
        self._beside = ""
        self.result: Result | None = None
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=_REFRESH_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._console.print(self.render())

    def __call__(self, event: Event) -> None:
        """Take an event; the panel shows it at its next refresh."""
        match event:
            case Opened():
                self._state, self._detail = ("listening", "green"), ""
            case Words(text=text):
                goes_on = text.startswith(self._text)
                self._fresh = len(text) - len(self._text) if goes_on else 0
                self._text = text
            case Acked(audio_seconds):
                self._heard = audio_seconds
            case Reconnecting():
                tries = f"{event.attempt} of {MAX_RESUME_TRIES}"
                self._state = (f"reconnecting, try {tries}", "yellow")
                self._detail = f"{event.failure.message}; nothing is lost"
            case SpeakerHeard() | TurnHeard():
                self._beside = _beside(event)
            case Noticed():
                self._state = (_told(event), "cyan")
            case Finished(result):
                self.result = result
                self._text, self._fresh = result.text, 0
                complete = result.status == "complete"
                self._state = ("done", "green") if complete else ("ended early", "red")
                self._detail = result.failure.message if result.failure else ""

    def render(self) -> RenderableType:
        """Return the panel as it is now."""
        said, colour = self._state
        width = min(self._console.width, MAX_WIDTH)
        rows = [self._words(width - 6)]
        if self.result is None:
            if self._beside:
                rows += [Text(), Text(self._beside, style="dim", no_wrap=True, overflow="ellipsis")]
            rows += [Text(), self._progress()]
        if self._detail:
            rows += [Text(), Text(self._detail, style=colour)]
        return Panel(
            Group(*rows),
            title=Text.assemble((self._title, "bold default"), "  ", (f"● {said}", colour)),
            title_align="left",
            subtitle=Text(self._summary(width - 6), style="default"),
            subtitle_align="right",
            border_style=colour if self.result else "bright_black",
            padding=(1, 2),
            width=width,
        )

    def _words(self, width: int) -> RenderableType:
        settled = len(self._text) - self._fresh
        text = Text.assemble(self._text[:settled], (self._text[settled:], "bold cyan"))
        if self.result:
            return text if self._text else Text("no words were heard", style="dim italic")
        if not self._text:
            return Text("speak, the words appear here", style="dim italic")
        text.append("▌", style="cyan blink")
        lines = text.wrap(self._console, width)
        return Text("\n").join(lines[-max(3, self._console.height - 8) :])

    def _progress(self) -> RenderableType:
        if self._seconds is None:
            return Text(clock(self._heard), style="dim")
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(ratio=1)
        grid.add_column(justify="right")
        bar = ProgressBar(
            self._seconds,
            min(self._heard, self._seconds),
            complete_style="cyan",
            finished_style="green",
        )
        told = Text(f"{clock(self._heard)} / {clock(self._seconds)}", style="dim")
        grid.add_row(bar, told)
        return grid

    def _summary(self, width: int) -> str:
        """Return the figures of a finished run, as many as fit."""
        result = self.result
        if result is None:
            return ""
        figures = [f"{result.audio_seconds:.1f} s of audio"]
        if result.reconnects:
            figures.append(f"reconnected {result.reconnects}×")
        if result.ready_ms is not None:
            figures.append(f"ready in {result.ready_ms:.0f} ms")
        if result.first_delta_ms is not None:
            figures.append(f"first words after {result.first_delta_ms / 1000:.1f} s")
        while len(" · ".join(figures)) > width and len(figures) > 1:
            figures.pop()
        return " · ".join(figures)


def clock(seconds: float) -> str:
    """Return minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _beside(event: SpeakerHeard | TurnHeard) -> str:
    if isinstance(event, TurnHeard):
        when = "" if event.at is None else f"{event.at:.1f} s: "
        return f"{when}turn, {event.phase.replace('_', ' ')}"
    who = event.speaker or "speaker"
    timed = event.start is not None and event.end is not None
    when = f"{event.start:.1f} to {event.end:.1f} s, " if timed else ""
    return f"{when}{who}: {event.text.strip()}"


def _told(event: Reconnecting | Noticed) -> str:
    if isinstance(event, Reconnecting):
        return f"reconnecting, nothing is lost: {event.failure.message}"
    if event.notice.code == "draining":
        return "moving to another server"
    if event.notice.code == "options_ignored":
        return f"not used by this model: {', '.join(event.notice.options or ())}"
    return f"{event.notice.seconds_left or 0:.0f} seconds left"


def for_output(title: str, seconds: float | None, *, as_json: bool = False) -> Display:
    """Return the display that fits what standard output is."""
    if as_json:
        return JsonLines(sys.stdout)
    console = Console(highlight=False)
    if console.is_terminal:
        return Terminal(console, title, seconds)
    return Plain(sys.stdout, sys.stderr)
