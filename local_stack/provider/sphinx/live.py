"""Live hearing by PocketSphinx: audio in, words out that are never taken back.

A decoder's partial results are revised as more is heard, but text that was sent cannot be. A
word is therefore committed only once several partials in a row agreed on it and more words
follow it, which costs about a second of delay.
"""

from collections import deque
from typing import Any

from pocketsphinx import Endpointer

from local_stack.provider.offline.audio import BYTES_PER_SECOND, SAMPLE_RATE
from local_stack.provider.offline.hearing import Word
from local_stack.provider.sphinx.words import words_of

_STEP_BYTES = BYTES_PER_SECOND // 10
_CALIBRATION_BYTES = BYTES_PER_SECOND * 3 // 2
_MAX_TAIL_BYTES = BYTES_PER_SECOND * 4
_AGREEING_PARTIALS = 5
_WORDS_BEHIND = 2
_SAME_START_SECONDS = 0.1


class LiveHearing:
    """One session.

    Args:
        decoder: A `pocketsphinx.Decoder` without `fwdflat` and `bestpath`: those passes run when
            an utterance is closed and would contradict what was committed before.
        max_utterance_seconds: Speech without a pause is cut after this long.
    """

    def __init__(self, decoder: Any, *, max_utterance_seconds: float = 30) -> None:
        self._decoder = decoder
        self._max_utterance_bytes = round(BYTES_PER_SECOND * max_utterance_seconds)
        # A decoder that ever heard a stream keeps that stream's normalisation.
        decoder.reinit_feat()
        self._endpointer = Endpointer(window=0.5, ratio=0.9, sample_rate=SAMPLE_RATE)
        self._endpointer_began = 0.0
        self._heard_bytes = 0
        self._tail = bytearray()
        self._speech = bytearray()
        self._calibrated = False
        self._in_utterance = False
        self._utterance_start = 0.0
        self._utterance = bytearray()
        self._partials: deque[list[Word]] = deque(maxlen=_AGREEING_PARTIALS)
        self._committed_until = 0.0

    def hear(self, pcm: bytes) -> list[Word]:
        """Take PCM s16le mono 16 kHz of any length; return the words now certain."""
        self._tail += pcm
        self._heard_bytes += len(pcm)
        size = self._endpointer.frame_bytes
        words: list[Word] = []
        while len(self._tail) >= size:
            frame = bytes(self._tail[:size])
            del self._tail[:size]
            was_speaking = self._endpointer.in_speech
            speech = self._endpointer.process(frame)
            if speech is None:
                continue
            if not was_speaking:
                self._begin(self._endpointer_began + self._endpointer.speech_start)
            words += self._listen(speech)
            if not self._endpointer.in_speech:
                words += self._finish()
        return words

    def flush(self) -> list[Word]:
        """Return all words of the audio so far, certain or not."""
        if not self._endpointer.in_speech:
            return []
        # One sample of silence where there is no rest: the binding takes no empty frame.
        speech = self._endpointer.end_stream(bytes(self._tail) or bytes(2))
        self._tail.clear()
        words = self._listen(speech) if speech else []
        words += self._finish()
        self._endpointer = Endpointer(window=0.5, ratio=0.9, sample_rate=SAMPLE_RATE)
        self._endpointer_began = self._heard_bytes / BYTES_PER_SECOND
        return words

    def _begin(self, start: float) -> None:
        self._utterance_start = start
        self._utterance.clear()
        self._partials.clear()
        self._speech.clear()

    def _listen(self, speech: bytes) -> list[Word]:
        self._speech += speech
        if not self._calibrated:
            if len(self._speech) < _CALIBRATION_BYTES:
                return []
            self._calibrate()
        words: list[Word] = []
        while len(self._speech) >= _STEP_BYTES:
            words += self._decode(_STEP_BYTES)
        if len(self._utterance) >= self._max_utterance_bytes:
            words += self._cut()
        return words

    def _cut(self) -> list[Word]:
        """End an utterance that has no pause; what is not yet certain begins the next."""
        certain = self._committed_until - self._utterance_start
        tail = self._utterance[round(certain * SAMPLE_RATE) * 2 :] if certain > 0 else bytearray()
        waiting = bytes(self._speech)
        self._speech.clear()
        if 0 < len(tail) <= _MAX_TAIL_BYTES:
            self._decoder.end_utt()
            self._in_utterance = False
            self._begin(self._committed_until)
            self._speech += tail + waiting
            return []
        # Long without a certain word: this is no speech worth hearing twice.
        end = self._utterance_start + len(self._utterance) / BYTES_PER_SECOND
        words = self._finish()
        self._begin(end)
        self._speech += waiting
        return words

    def _calibrate(self) -> None:
        """Set the cepstral mean from the first speech: the model's own default fits no room."""
        decoder = self._decoder
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(bytes(self._speech), no_search=True, full_utt=True)
        mean = decoder.get_cmn()
        decoder.end_utt()
        decoder.set_cmn(mean)
        self._calibrated = True

    def _decode(self, size: int) -> list[Word]:
        if not self._in_utterance:
            self._decoder.start_utt()
            self._in_utterance = True
        block = bytes(self._speech[:size])
        del self._speech[:size]
        self._utterance += block
        self._decoder.process_raw(block)
        self._partials.append(words_of(self._decoder.seg(), self._utterance_start))
        return self._commit()

    def _commit(self) -> list[Word]:
        if len(self._partials) < _AGREEING_PARTIALS:
            return []
        latest = self._partials[-1]
        words: list[Word] = []
        for index, word in enumerate(latest):
            if word.middle <= self._committed_until:
                continue
            followed = len(latest) - index - 1 >= _WORDS_BEHIND
            if not (followed and all(_holds(partial, word) for partial in self._partials)):
                break
            words.append(word)
            self._committed_until = word.end
        return words

    def _finish(self) -> list[Word]:
        """Close the utterance; return those of its words that were not committed yet."""
        if not self._calibrated and self._speech:
            self._calibrate()
        words: list[Word] = []
        if self._speech:
            words += self._decode(len(self._speech))
        if not self._in_utterance:
            return words
        self._decoder.end_utt()
        self._in_utterance = False
        final = words_of(self._decoder.seg(), self._utterance_start)
        rest = [word for word in final if word.middle > self._committed_until]
        if rest:
            self._committed_until = rest[-1].end
        return words + rest


def _holds(partial: list[Word], word: Word) -> bool:
    return any(
        other.text == word.text and abs(other.start - word.start) <= _SAME_START_SECONDS
        for other in partial
    )
