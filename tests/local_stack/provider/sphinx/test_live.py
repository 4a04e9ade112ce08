"""Words out of a stream of audio."""

import random

import pytest

from local_stack.provider.offline.hearing import Word
from local_stack.provider.sphinx.decoders import live_decoder
from local_stack.provider.sphinx.live import LiveHearing
from tests.local_stack.provider.wire import frames_of, sample_pcm, sample_text
from utter_transcribe.wer import word_error_rate as word_errors

SHORT = sample_pcm("short")


def hear(pcm: bytes, size: int = 3200) -> list[list[Word]]:
    """What each frame, and then the end, brought."""
    hearing = LiveHearing(live_decoder())
    heard = [hearing.hear(frame) for frame in frames_of(pcm, size)]
    return [*heard, hearing.flush()]


def flat(heard: list[list[Word]]) -> list[Word]:
    """All words in order."""
    return [word for words in heard for word in words]


def test_reference() -> None:
    """The reference sample is heard live with well under 12 % of its words wrong."""
    heard = hear(sample_pcm("reference"))
    text = " ".join(word.text for word in flat(heard))
    assert word_errors(sample_text("reference"), text) <= 0.06
    assert sum(map(bool, heard)) >= 15


def test_words_in_order() -> None:
    """Words come in the order of their times, and not before they were spoken."""
    heard = hear(SHORT)
    words = flat(heard)
    assert [word.start for word in words] == sorted(word.start for word in words)
    for n, frame in enumerate(heard):
        assert all(word.end <= (n + 1) * 0.1 for word in frame)


def test_framing() -> None:
    """How audio is cut into frames changes no word, not even odd cuts."""
    pcm = SHORT[: 32_000 * 3]
    expected = flat(hear(pcm))
    assert expected
    for size in (2, 959, 20_000):
        assert flat(hear(pcm, size)) == expected


def test_sessions_are_alike() -> None:
    """A decoder that heard one session hears the next as if it were its first."""
    first = flat(hear(SHORT))
    hear(sample_pcm("reference")[: 32_000 * 4])
    assert flat(hear(SHORT)) == first


def test_flush() -> None:
    """A flush in mid speech brings all words so far; what follows is heard on its own."""
    hearing = LiveHearing(live_decoder())
    cut = 32_000 * 5 // 2
    before = hearing.hear(SHORT[:cut]) + hearing.flush()
    after = hearing.hear(SHORT[cut:]) + hearing.flush()
    text = " ".join(word.text for word in before + after)
    assert before
    assert after[0].start >= 2.4
    assert word_errors(sample_text("short"), text) <= 0.3
    assert hearing.flush() == []


@pytest.mark.parametrize("seconds", [0.03, 0.5, 1.0, 2.0])
def test_cut_anywhere(seconds: float) -> None:
    """Audio may end anywhere, also in the first second of speech."""
    start = 32_000 * 6 // 10
    hear(SHORT[start : start + round(32_000 * seconds) & ~1])


def test_silence() -> None:
    """Silence and nothing at all have no words."""
    assert flat(hear(bytes(32_000 * 3))) == []
    assert flat(hear(b"")) == []


def test_long_speech() -> None:
    """Speech without a pause is cut where its words are certain, and none is lost."""
    hearing = LiveHearing(live_decoder(), max_utterance_seconds=4)
    words = hearing.hear(sample_pcm("reference")[32_000 * 10 :]) + hearing.flush()
    assert [word.start for word in words] == sorted(word.start for word in words)
    wanted = sample_text("reference").split()[-22:]
    assert word_errors(" ".join(wanted), " ".join(word.text for word in words)) <= 0.1


def test_long_noise() -> None:
    """Noise that passes for speech is heard through at little more than its own length."""
    hearing = LiveHearing(live_decoder(), max_utterance_seconds=1)
    noise = random.Random(7).randbytes(32_000 * 6)  # noqa: S311 - no secret
    assert len(hearing.hear(noise) + hearing.flush()) < 20
