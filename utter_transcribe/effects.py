"""What the decisions of a live transcription ask for."""

from dataclasses import dataclass

from utter_transcribe.events import Event
from utter_transcribe.link import Link


@dataclass(frozen=True, slots=True)
class Open:
    """Connect, send `start_message`, then what `next_message` gives; tell what comes of it."""

    link: Link


@dataclass(frozen=True, slots=True)
class Leave:
    """Close the link's socket; nothing it may still say matters."""

    link: Link


@dataclass(frozen=True, slots=True)
class Tell:
    """Pass an event on."""

    event: Event


Effect = Open | Leave | Tell
