"""Speech that identifies itself: which recording, and where in it.

The samples of a frame alternate between a positive number, the frame, and a negative one, the
recording. A listener that gets any part, from any sample on, knows what it is and what is missing.
It is as loud as a voice, because the services measure that.
"""

from array import array
from functools import lru_cache
from typing import Final

from shared_schema.audio import BYTES_PER_SAMPLE, FRAME_BYTES

WORD_FRAMES: Final = 3
"""A word lasts so many frames of 100 ms."""
_LOUD: Final = 2000
_MOST: Final = 30_000
_WORDS: Final = 128
"""Of a recording, at most."""
_CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = len(_CONSONANTS) * len(_VOWELS)
_STRIDE: Final = 387_419
"""Prime to the number of all words: neighbours must not look alike, as they do not in language."""


@lru_cache(maxsize=4096)
def frame(recording: int, number: int) -> bytes:
    """Return 100 ms of a recording, as PCM."""
    pair = array("h", (_LOUD + number % _MOST, -_LOUD - recording % _MOST))
    return pair.tobytes() * (FRAME_BYTES // 2 // BYTES_PER_SAMPLE)


def word(recording: int, number: int) -> str:
    """Return the word that is spoken from frame `number` times `WORD_FRAMES` on."""
    rest = (recording * _WORDS + number) * _STRIDE % _SYLLABLES**3
    said = ""
    for _ in range(3):
        rest, syllable = divmod(rest, _SYLLABLES)
        consonant, vowel = divmod(syllable, len(_VOWELS))
        said += _CONSONANTS[consonant] + _VOWELS[vowel]
    return said


def transcript(recording: int, frames: int) -> list[str]:
    """Return the words of a recording, in order."""
    return [word(recording, number) for number in range(frames // WORD_FRAMES)]


class Ear:
    """Hears one session's audio, piece by piece.

    Attributes:
        recording: Which one it is; None until something was heard.
        begin: Where in the recording it began, in bytes.
        end: How far it was heard, in bytes.
        torn: Whether something was missing or twice within it.
    """

    def __init__(self) -> None:
        self.recording: int | None = None
        self.begin = self.end = 0
        self.torn = False

    @property
    def size(self) -> int:
        """Bytes that were heard."""
        return self.end - self.begin

    def hear(self, pcm: bytes) -> None:
        """Hear on."""
        if self.recording is None:
            self.recording, self.begin = _place(pcm)
            self.end = self.begin
        if pcm != _cut(self.recording, self.end, len(pcm)):
            self.torn = True
        self.end += len(pcm)


def _place(pcm: bytes) -> tuple[int, int]:
    """Return which recording it is, and where in it, in bytes.

    Less than a frame is taken for the end of one.
    """
    samples = array("h", pcm)
    first = next(sample for sample in samples if sample > 0) - _LOUD
    recording = -next(sample for sample in samples if sample < 0) - _LOUD
    changes = (at for at in range(len(samples)) if samples[at] > 0 and samples[at] != first + _LOUD)
    # A whole frame's length without a change that begins within a pair began one sample early.
    unseen = len(samples) + (samples[0] < 0 and len(pcm) >= FRAME_BYTES)
    return recording, (first + 1) * FRAME_BYTES - next(changes, unseen) * BYTES_PER_SAMPLE


def _cut(recording: int, begin: int, size: int) -> bytes:
    first, last = begin // FRAME_BYTES, (begin + size - 1) // FRAME_BYTES
    frames = b"".join(frame(recording, number) for number in range(first, last + 1))
    return frames[begin - first * FRAME_BYTES :][:size]
