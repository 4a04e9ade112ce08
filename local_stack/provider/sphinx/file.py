"""Whole-file recognition: an uploaded file in, utterances with their words out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pocketsphinx import Endpointer

from local_stack.provider.reader import UnreadableError, opened
from local_stack.provider.sphinx.pcm import BYTES_PER_SECOND, SAMPLE_RATE
from local_stack.provider.sphinx.words import Word, words_of

MAX_SECONDS = 1_800


def read_audio(data: bytes, *, max_seconds: int = MAX_SECONDS) -> bytes:
    """Decode any container and codec to PCM s16le mono 16 kHz.

    Raises:
        UnreadableError: It is no audio file, or longer than `max_seconds`.
    """
    pcm = bytearray()
    with opened(io.BytesIO(data)) as sound:
        for piece in sound.pcm(SAMPLE_RATE):
            pcm += piece
            if len(pcm) > max_seconds * BYTES_PER_SECOND:
                raise UnreadableError(f"The audio is longer than {max_seconds} s.")
    if not pcm:
        raise UnreadableError("The file holds no sound that can be decoded.")
    return bytes(pcm)


def recognise(decoder: Any, pcm: bytes) -> Iterator[list[Word]]:
    """Recognise one utterance after another.

    Args:
        decoder: A `pocketsphinx.Decoder` with all passes.
        pcm: PCM s16le mono 16 kHz.

    Yields:
        The words of one utterance, at least one.
    """
    for start, speech in _utterances(pcm):
        # Without this, normalisation carries over from the utterance before.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(speech, full_utt=True)
        decoder.end_utt()
        words = words_of(decoder.seg(), start)
        if words:
            yield words


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
