"""A whole file by PocketSphinx: PCM in, utterances with their words out."""

from collections.abc import Iterator
from typing import Any

from pocketsphinx import Endpointer

from local_stack.provider.offline.audio import SAMPLE_RATE
from local_stack.provider.offline.hearing import Utterance
from local_stack.provider.sphinx.words import words_of


def hear_file(decoder: Any, pcm: bytes) -> Iterator[Utterance]:
    """Hear one utterance after another.

    Args:
        decoder: A `pocketsphinx.Decoder` with all passes.
        pcm: PCM s16le mono 16 kHz.

    Yields:
        Utterances of at least one word.
    """
    for start, speech in _utterances(pcm):
        # Without this, normalisation carries over from the utterance before.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(speech, full_utt=True)
        decoder.end_utt()
        words = words_of(decoder.seg(), start)
        if words:
            yield Utterance(
                " ".join(word.text for word in words), words[0].start, words[-1].end, tuple(words)
            )


def _utterances(pcm: bytes) -> Iterator[tuple[float, bytes]]:
    endpointer = Endpointer(window=0.5, ratio=0.9, sample_rate=SAMPLE_RATE)
    size = endpointer.frame_bytes
    start = 0.0
    speech = bytearray()
    for at in range(0, len(pcm), size):
        frame = pcm[at : at + size]
        was_speaking = endpointer.in_speech
        if at + size < len(pcm):
            heard = endpointer.process(frame)
        else:
            heard = endpointer.end_stream(frame) if was_speaking else None
        if heard is None:
            continue
        if not was_speaking:
            start = endpointer.speech_start
        speech += heard
        if not endpointer.in_speech:
            yield start, bytes(speech)
            speech.clear()
