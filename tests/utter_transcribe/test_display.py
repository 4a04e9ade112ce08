"""Laws of what a terminal shows."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from shared_schema.server_messages import Notice
from utter_transcribe.display import Terminal
from utter_transcribe.errors import Failure
from utter_transcribe.events import (
    Acked,
    Event,
    Finished,
    Noticed,
    Opened,
    Reconnecting,
    Result,
    Words,
)

RESULT = Result(
    text="hello world",
    status="complete",
    reason=None,
    failure=None,
    language=None,
    model="m",
    audio_seconds=12.34,
    ready_ms=83.7,
    first_delta_ms=1234.0,
    deltas=2,
    session_ids=("a", "b"),
)
LOST = Failure("the connection ended (1006)", retryable=True)
OPENED = Opened("a", "m", 300, resumed=False)


def shown(*events: Event, seconds: float | None = 60, width: int = 80, height: int = 24) -> str:
    """Return the panel after some events, as text."""
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None)
    view = Terminal(console, "take.wav", seconds)
    for event in events:
        view(event)
    console.print(view.render())
    return out.getvalue()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ["take.wav", "connecting…", "speak, the words appear here", "0:00 / 1:00"]),
        ([OPENED, Words("hello", "hello"), Acked(9.9)], ["● listening", "hello▌", "0:09 / 1:00"]),
        (
            [OPENED, Reconnecting(LOST, 2, 0.5)],
            ["reconnecting, try 2 of 6", "the connection ended (1006); nothing is lost"],
        ),
        ([Noticed(Notice(code="draining", deadline_ms=1))], ["moving to another server"]),
        ([Noticed(Notice(code="ending_soon", seconds_left=30))], ["30 seconds left"]),
        (
            [Noticed(Notice(code="options_ignored", options=("language",)))],
            ["not used by this model: language"],
        ),
        (
            [Finished(RESULT)],
            [
                "● done",
                "hello world",
                "12.3 s of audio · reconnected 1× · ready in 84 ms",
            ],
        ),
        (
            [Finished(replace(RESULT, text="", status="partial", failure=LOST))],
            ["ended early", "the connection ended (1006)", "no words were heard"],
        ),
    ],
)
def test_every_state_says_what_it_is(events: list[Event], expected: list[str]) -> None:
    """Each event is seen in the panel, in words."""
    for words in expected:
        assert words in shown(*events)


def test_the_newest_words_stay_in_view() -> None:
    """A long text scrolls while it grows, and is shown whole in the end."""
    text = " ".join(f"word{number}" for number in range(400))
    growing = shown(OPENED, Words("word399", text), height=24)
    assert "word399" in growing
    assert "word0 " not in growing
    assert growing.count("\n") <= 24
    whole = shown(Finished(replace(RESULT, text=text)), height=24)
    assert "word0 " in whole
    assert "word399" in whole


def test_a_narrow_terminal_is_enough() -> None:
    """At 40 columns no line is broken, and figures that don't fit are left out."""
    lines = shown(Finished(RESULT), width=40).splitlines()
    assert all(len(line) == 40 for line in lines)
    assert "12.3 s of audio" in lines[-1]
    assert "first words" not in lines[-1]


def test_no_length_is_no_bar() -> None:
    """A stream that has no end yet shows how long it is so far."""
    assert "1:01" in shown(OPENED, Acked(61.0), seconds=None)
    assert "/" not in shown(OPENED, Acked(61.0), seconds=None)
