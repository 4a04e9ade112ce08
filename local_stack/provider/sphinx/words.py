"""Words with their place in the audio, as a decoder's segments tell them."""

import re
from collections.abc import Iterable
from typing import Any

from local_stack.provider.offline.hearing import Word

FRAME_SECONDS = 0.01
"""One frame of the decoder (its default of 100 frames a second)."""

_FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+|\(NULL\)")
_VARIANT = re.compile(r"\(\d+\)$")


def words_of(segments: Iterable[Any] | None, offset: float) -> list[Word]:
    """The words among a decoder's segments, without silence, noise and dictionary variants.

    Args:
        segments: From `Decoder.seg()`; None when nothing was heard.
        offset: Seconds from the start of the audio to the start of the utterance.
    """
    return [
        Word(
            _VARIANT.sub("", segment.word),
            round(offset + segment.start_frame * FRAME_SECONDS, 2),
            round(offset + (segment.end_frame + 1) * FRAME_SECONDS, 2),
        )
        for segment in segments or ()
        if not _FILLER.fullmatch(segment.word)
    ]
