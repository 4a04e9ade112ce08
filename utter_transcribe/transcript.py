"""The text of a recording, over all sessions that heard a part of it."""

from utter_transcribe import seam


class Transcript:
    """Grows by deltas; each new session's text is joined to what stands before it."""

    def __init__(self) -> None:
        self._before = ""
        self._session = ""

    @property
    def text(self) -> str:
        """The whole transcript so far; while a seam is unclear, without the new session's."""
        if not self._before:
            return self._session
        return seam.join_growing(self._before, self._session)

    def add(self, delta: str) -> None:
        """Append to the current session's text."""
        self._session += delta

    def correct(self, text: str) -> None:
        """Replace the current session's text by what its `final` says."""
        self._session = text

    def settle(self) -> str:
        """End the current session's text and return the whole."""
        self._before = seam.join(self._before, self._session)
        self._session = ""
        return self._before
