"""A stream of audio as lines of speech: the library's own stream, with what it needs around it."""

import math
import re
from typing import Any, NamedTuple

import numpy as np
from moonshine_voice.errors import MoonshineError

from local_stack.provider.offline.audio import BYTES_PER_SECOND, SAMPLE_RATE

_FULL_SCALE = 32_768
_LEAST_LEVEL = 0.001
"""-60 dBFS; below that there is no speech. The library sometimes hears words in silence."""
_KEPT_BYTES = 60 * BYTES_PER_SECOND
_CLOSING = bytes(BYTES_PER_SECOND)
"""A second of silence, which ends a line."""
_BEFORE = np.zeros(round(0.15 * SAMPLE_RATE), np.float32)
_AFTER = np.zeros(round(0.5 * SAMPLE_RATE), np.float32)
"""Around a line that may be open, whose first and last words are heard better beside a pause.

In lines of a file more is misheard then: 12 of the 185 right texts of `bench.exactness`, not 8."""
_MAX_FAILURES = 5
_OLD_SPELLING = re.compile(r"\b(to)(?:-(?=(?:day|night)\b)|[- ](?=morrow\b))", re.IGNORECASE)
"""The model writes "to-morrow" now and then, as old books do."""


class Line(NamedTuple):
    """A stretch of speech; times in seconds from the start of the stream."""

    number: int
    text: str
    start: float
    end: float
    finished: bool


class Lines:
    """One stream.

    Args:
        stream: The loaded library, which cuts the stream into lines.
        decoder: The library, which takes a line's audio whole; None: what cuts also hears.
        live: Lines are heard before they are finished.
    """

    def __init__(self, stream: Any, decoder: Any = None, *, live: bool = False) -> None:
        # Its own updates come with `add_audio`; here they come when they are asked for.
        self._stream = stream.create_stream(update_interval=math.inf)
        self._stream.start()
        self._decoder = decoder
        self._live = live
        self._kept = bytearray()
        self._dropped = 0
        self._finished: set[int] = set()
        self._failures = 0

    def add(self, pcm: bytes) -> None:
        """Take PCM s16le mono 16 kHz."""
        self._stream.add_audio(_floats(pcm).tolist(), SAMPLE_RATE)
        self._kept += pcm
        excess = len(self._kept) - _KEPT_BYTES
        if excess > 0:
            del self._kept[:excess]
            self._dropped += excess

    def update(self) -> list[Line]:
        """Decode what came since; return the lines that were not told as finished before.

        A line that is noise has no text.

        Raises:
            MoonshineError: The library fails again and again.
        """
        try:
            news = [
                self._heard(one)
                for one in self._stream.update_transcription().lines
                if one.line_id not in self._finished
            ]
        except MoonshineError:
            # It fails on a line of no length, which has a length at the next update.
            self._failures += 1
            if self._failures >= _MAX_FAILURES:
                raise
            return []
        self._failures = 0
        self._finished.update(line.number for line in news if line.finished)
        return news

    def close(self) -> list[Line]:
        """End the stream; return its last lines, all of them finished."""
        self.add(_CLOSING)
        lines = [line._replace(finished=True) for line in self.update()]
        self._stream.close()
        return lines

    def audio(self, line: Line) -> bytes:
        """The audio of a line of the last minute."""
        begin, end = (2 * round(at * BYTES_PER_SECOND / 2) - self._dropped for at in line[2:4])
        return bytes(self._kept[max(begin, 0) : max(end, 0)])

    def _heard(self, one: Any) -> Line:
        line = Line(
            one.line_id, one.text, one.start_time, one.start_time + one.duration, one.is_complete
        )
        samples = _floats(self.audio(line))
        if samples.size and np.abs(samples).max() < _LEAST_LEVEL:
            return line._replace(text="")
        text = line.text if self._decoder is None else self._decoded(samples)
        return line._replace(text=_OLD_SPELLING.sub(r"\1", text))

    def _decoded(self, samples: np.ndarray) -> str:
        around = np.concatenate([_BEFORE, samples, _AFTER]) if self._live else samples
        heard = self._decoder.transcribe_without_streaming(around.tolist(), SAMPLE_RATE)
        return "".join(line.text for line in heard.lines)


def _floats(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / _FULL_SCALE
