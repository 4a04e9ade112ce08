"""Text that is only added to, from a line that is revised while it is spoken.

A word is taken once the last three versions of its line agree on it and two more words follow it.
The first words of a stream need two, so that a person who begins to speak soon sees that they are
heard.
Case and punctuation do not count in that, for the end of an unfinished line has a false full stop
or comma. Once the line is finished, what follows the words taken is added.
"""

import re
from collections import deque

_AGREEING = 3
_AGREEING_AT_FIRST = 2
_WORDS_BEHIND = 2
_LOOP_TIMES = 3
_LOOP_WORDS = 8
_SAME_WORD_TIMES = 6

# Chinese and Japanese have no spaces: a character counts as a word there.
_SPACELESS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\s*(?:[{_SPACELESS}][^\w\s]*|[^\s{_SPACELESS}]+)")


class AppendOnly:
    """The text of one line after another.

    Attributes:
        early: Words that were taken before their line was finished.
        contradicted: Those of them that the finished line does not have.
    """

    def __init__(self) -> None:
        self.early = self.contradicted = 0
        self._agreeing = _AGREEING_AT_FIRST
        self._taken: list[str] = []
        self._versions: deque[list[str]] = deque(maxlen=_AGREEING)

    def revise(self, line: str) -> str:
        """Take a version of the unfinished line; return what its text goes on with."""
        words = _WORD.findall(line)
        if has_loop(words):
            return ""
        self._versions.append(words)
        if len(self._versions) < self._agreeing:
            return ""
        rests = [
            version[_after(self._taken, version)[0] :]
            for version in list(self._versions)[-self._agreeing :]
        ]
        rest = rests[-1]
        agreed = 0
        while agreed < len(rest) - _WORDS_BEHIND and all(
            agreed < len(other) and _plain(other[agreed]) == _plain(rest[agreed]) for other in rests
        ):
            agreed += 1
        if agreed:
            self._agreeing = _AGREEING
        self._taken += rest[:agreed]
        return "".join(rest[:agreed])

    def finish(self, line: str) -> str:
        """Take the finished line; return the rest of its text. The next version is of a new one."""
        words = without_loops(_WORD.findall(line))
        place, distance = _after(self._taken, words)
        self.early += len(self._taken)
        self.contradicted += distance
        rest = words[place:]
        self._agreeing = _AGREEING
        self._taken.clear()
        self._versions.clear()
        return "".join(rest)


def settled(line: str) -> str:
    """A finished line's text, with what comes again and again said once."""
    return "".join(without_loops(_WORD.findall(line))).strip()


def has_loop(words: list[str]) -> bool:
    """Whether some words come again and again, as a decoder that has lost its way says them."""
    return len(without_loops(words)) < len(words)


def without_loops(words: list[str]) -> list[str]:
    """The words, with what comes again and again said once."""
    plain = [_plain(word) for word in words]
    kept: list[str] = []
    at = 0
    while at < len(words):
        for size in range(1, _LOOP_WORDS + 1):
            times, phrase = 1, plain[at : at + size]
            while plain[at + times * size : at + (times + 1) * size] == phrase:
                times += 1
            if times >= (_SAME_WORD_TIMES if size == 1 else _LOOP_TIMES):
                kept += words[at : at + size]
                at += times * size
                break
        else:
            kept.append(words[at])
            at += 1
    return kept


def _after(taken: list[str], words: list[str]) -> tuple[int, int]:
    """How many of the words the taken ones stand for, at the least edit distance, and that."""
    plain = [_plain(word) for word in words]
    row = list(range(len(plain) + 1))
    for count, word in enumerate(map(_plain, taken), 1):
        diagonal, row[0] = row[0], count
        for place, other in enumerate(plain, 1):
            replaced = diagonal + (word != other)
            diagonal = row[place]
            row[place] = min(replaced, row[place] + 1, row[place - 1] + 1)
    least = min(row)
    return max(place for place, distance in enumerate(row) if distance == least), least


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word.lower()))
