"""PocketSphinx as a worker's ear."""

from collections.abc import Iterator

from local_stack.provider.offline.audio import BYTES_PER_SECOND
from local_stack.provider.offline.hearing import Utterance, Word
from local_stack.provider.sphinx.decoders import file_decoder, live_decoder
from local_stack.provider.sphinx.file import hear_file
from local_stack.provider.sphinx.live import LiveHearing

_STEP_BYTES = BYTES_PER_SECOND // 10


class SphinxHearing:
    """Hears US English: modest accuracy, lower case, no punctuation."""

    def load(self) -> None:
        """Load both decoders."""
        live_decoder()
        file_decoder()

    def live(self) -> "_Live":
        """Begin a live session."""
        return _Live()

    def file(self, pcm: bytes, *, words: bool) -> Iterator[Utterance]:
        """Hear a whole file; words have times, wanted or not."""
        return hear_file(file_decoder(), pcm)


class _Live:
    def __init__(self) -> None:
        self._hearing = LiveHearing(live_decoder())
        self._said = False

    def hear(self, pcm: bytes) -> Iterator[str]:
        for at in range(0, len(pcm), _STEP_BYTES):
            if text := self._text(self._hearing.hear(pcm[at : at + _STEP_BYTES])):
                yield text

    def flush(self) -> str:
        return self._text(self._hearing.flush())

    def _text(self, words: list[Word]) -> str:
        text = " ".join(word.text for word in words)
        if text and self._said:
            text = f" {text}"
        self._said = self._said or bool(text)
        return text
