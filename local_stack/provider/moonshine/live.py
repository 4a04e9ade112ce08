"""Live hearing by Moonshine."""

import time
from collections.abc import Callable, Iterator

from local_stack.provider.moonshine.append_only import AppendOnly
from local_stack.provider.moonshine.lines import Line, Lines
from local_stack.provider.offline.audio import BYTES_PER_SECOND

UPDATE_SECONDS = 0.4
"""Audio between two updates; more when one takes longer than that."""
_CATCH_UP_SECONDS = 0.5
"""Audio between two updates when more has come meanwhile; at least twice what one takes."""


class LiveHearing:
    """One session.

    Args:
        begin: Begins a stream.
        separator: What stands between two lines of the text.
        clock: Seconds that an update takes.

    Attributes:
        text: What was told of the lines so far, and how well that held.
    """

    def __init__(
        self,
        begin: Callable[[], Lines],
        separator: str = " ",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._begin = begin
        self._separator = separator
        self._lines: Lines | None = None
        self.text = AppendOnly()
        self._line_began = False
        self._said = False
        self._waiting = 0
        self._took = 0.0

    def hear(self, pcm: bytes) -> Iterator[str]:
        """Take audio of any length; yield what the text goes on with."""
        at = 0
        while at < len(pcm):
            step = 2 * round(max(_CATCH_UP_SECONDS, 2 * self._took) * BYTES_PER_SECOND / 2)
            if told := self._hear(pcm[at : at + step]):
                yield told
            at += step

    def _hear(self, pcm: bytes) -> str:
        if self._lines is None:
            self._lines = self._begin()
        self._lines.add(pcm)
        self._waiting += len(pcm)
        if self._waiting < max(UPDATE_SECONDS, self._took) * BYTES_PER_SECOND:
            return ""
        self._waiting = 0
        began = self._clock()
        lines = self._lines.update()
        self._took = self._clock() - began
        return self._told(lines)

    def flush(self) -> str:
        """Return the rest of the text of the audio so far."""
        if self._lines is None:
            return ""
        lines, self._lines = self._lines, None
        self._waiting = 0
        return self._told(lines.close())

    def _told(self, lines: list[Line]) -> str:
        told = ""
        for line in lines:
            text = self.text.finish(line.text) if line.finished else self.text.revise(line.text)
            if text and not self._line_began:
                text = (self._separator if self._said else "") + text.lstrip()
            told += text
            self._said = self._said or bool(text)
            self._line_began = not line.finished and (self._line_began or bool(text))
        return told
