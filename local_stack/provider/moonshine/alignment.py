"""When each word of a known English text was said, by PocketSphinx."""

import re
from functools import cache
from typing import Any

from local_stack.provider.offline.hearing import Word
from local_stack.provider.sphinx.words import words_of

# What letters and digits mostly sound like, to find the place of a word no dictionary has.
_SOUNDS = {
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "Z", "y": "IY", "z": "Z",
    "0": "Z IH R OW", "1": "W AH N", "2": "T UW", "3": "TH R IY", "4": "F AO R",
    "5": "F AY V", "6": "S IH K S", "7": "S EH V AH N", "8": "EY T", "9": "N AY N",
}  # fmt: skip


def align(text: str, pcm: bytes, start: float, end: float) -> tuple[Word, ...]:
    """Give each word of a text its time.

    Args:
        text: One line, as it was heard.
        pcm: Its audio, PCM s16le mono 16 kHz.
        start: Where that begins, in seconds.
        end: Where it ends.

    Returns:
        The words with case and punctuation. Where they cannot be found in the audio, they share
        the line's time by their length.
    """
    words = text.split()
    parts = [_parts(word) for word in words]
    places = _places([part for some in parts for part in some], pcm)
    if places is None:
        return _shared(words, start, end)
    aligned: list[Word] = []
    at, last = 0, start
    for word, some in zip(words, parts, strict=True):
        if some:
            first, final = places[at], places[at + len(some) - 1]
            at += len(some)
            begin, last = start + first.start, min(start + final.end, end)
        else:
            begin = last  # a dash on its own takes no time
        aligned.append(Word(word, round(begin, 2), round(max(begin, last), 2)))
    return tuple(aligned)


@cache
def _decoder() -> Any:
    from pocketsphinx import Decoder  # noqa: PLC0415 - loaded where words are asked for

    return Decoder(samprate=16_000, bestpath=False, loglevel="FATAL")


def _parts(word: str) -> list[str]:
    """A written word as the aligner's dictionary has it: lower case, hyphens apart."""
    plain = word.lower().replace("’", "'")
    return [part for part in re.findall(r"[a-z0-9']+", plain) if part.strip("'")]


def _places(parts: list[str], pcm: bytes) -> list[Word] | None:
    """Each part with its times; None where the audio does not take them."""
    decoder = _decoder()
    for part in parts:
        if decoder.lookup_word(part) is None:
            decoder.add_word(part, " ".join(_SOUNDS[one] for one in part if one in _SOUNDS), True)
    if not parts:
        return None
    try:
        decoder.set_align_text(" ".join(parts))
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
    except RuntimeError:
        return None
    places = words_of(decoder.seg(), 0.0)
    return places if len(places) == len(parts) else None


def _shared(words: list[str], start: float, end: float) -> tuple[Word, ...]:
    letters = sum(map(len, words)) or 1
    shared: list[Word] = []
    at = start
    for word in words:
        until = at + (end - start) * len(word) / letters
        shared.append(Word(word, round(at, 2), round(until, 2)))
        at = until
    return tuple(shared)
