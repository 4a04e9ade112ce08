"""Whole-file recognition: an uploaded file in, utterances with their words out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
from av.audio.resampler import AudioResampler
from pocketsphinx import Endpointer

from local_stack.provider.sphinx.pcm import BYTES_PER_SECOND, SAMPLE_RATE
from local_stack.provider.sphinx.words import Word, words_of

MAX_SECONDS = 1_800


class UnreadableError(Exception):
    """The file holds no audio that can be decoded, or too much of it."""


def read_audio(data: bytes, *, max_seconds: int = MAX_SECONDS) -> bytes:
    """Decode any container and codec to PCM s16le mono 16 kHz.

    Raises:
        UnreadableError: It is no audio file, or longer than `max_seconds`.
    """
    pcm = bytearray()
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    try:
        with av.open(io.BytesIO(data), mode="r") as container:
            if not container.streams.audio:
                raise UnreadableError("the file has no audio stream")
            for frame in container.decode(audio=0):
                for block in resampler.resample(frame):
                    pcm += bytes(block.planes[0])[: 2 * block.samples]
                if len(pcm) > max_seconds * BYTES_PER_SECOND:
                    raise UnreadableError(f"the audio is longer than {max_seconds} s")
            for block in resampler.resample(None):
                pcm += bytes(block.planes[0])[: 2 * block.samples]
    except (av.error.FFmpegError, ValueError) as error:
        raise UnreadableError("the file could not be decoded as audio") from error
    if not pcm:
        raise UnreadableError("the file holds no audio")
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
