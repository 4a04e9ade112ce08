"""What hears inside a worker: the interface between the processes and a library.

`load` runs once, in the process that workers are forked from. All else runs in a worker.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Word(NamedTuple):
    """One word; times in seconds from the start of the audio."""

    text: str
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Where a word lies, if one point must do."""
        return (self.start + self.end) / 2


class Utterance(NamedTuple):
    """A stretch of speech; times in seconds from the start of the audio."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...]
    """Empty where they were not asked for."""


class Live(Protocol):
    """One live session."""

    def hear(self, pcm: bytes) -> Iterator[str]:
        """Take PCM s16le mono 16 kHz; yield what the text goes on with."""

    def flush(self) -> str:
        """Return the rest of the text of the audio so far."""


class Hearing(Protocol):
    """A library with its model."""

    def load(self) -> float | None:
        """Load the model.

        Returns:
            CPU seconds that a second of live audio costs; None where that is not measured.

        Raises:
            RuntimeError: It cannot be loaded; the message is one line for a person.
        """

    def live(self) -> Live:
        """Begin a live session."""

    def file(self, pcm: bytes, *, words: bool) -> Iterator[Utterance]:
        """Hear a whole file.

        Args:
            pcm: PCM s16le mono 16 kHz.
            words: Whether the times of words are wanted.
        """
