"""Laws of speech that says what it is."""

from hypothesis import given
from hypothesis import strategies as st

from chaos.speech import WORD_FRAMES, Ear, frame, transcript
from shared_schema.audio import FRAME_BYTES
from ws_bridge.watchdog import is_loud

FRAMES = 30


def recording(number: int) -> bytes:
    """Return a recording as PCM."""
    return b"".join(frame(number, at) for at in range(FRAMES))


@given(
    number=st.integers(0, 29_999),
    begin=st.integers(0, FRAMES * FRAME_BYTES // 4).map(lambda sample: 2 * sample),
    size=st.integers(FRAME_BYTES // 2, 3 * FRAME_BYTES // 2).map(lambda sample: 2 * sample),
)
def test_an_ear_knows_what_it_hears_from_any_sample_on(number: int, begin: int, size: int) -> None:
    """Wherever a session begins, and however its audio is cut, its place is known to the byte."""
    pcm, ear = recording(number), Ear()
    for at in range(begin, len(pcm), size):
        ear.hear(pcm[at : at + size])
    assert (ear.recording, ear.begin, ear.end, ear.torn) == (number, begin, len(pcm), False)


@given(st.integers(1, FRAMES - 2), st.booleans())
def test_a_hole_is_noticed(at: int, again: bool) -> None:
    """A frame that is missing, or comes twice, tears what is heard."""
    frames = [frame(5, number) for number in range(FRAMES)]
    frames[at : at + 1] = [frames[at]] * 2 if again else []
    ear = Ear()
    for pcm in frames:
        ear.hear(pcm)
    assert ear.torn


def test_words_are_told_apart() -> None:
    """No two words are alike, in one recording or in two."""
    words = [word for number in range(200) for word in transcript(number, 120 * WORD_FRAMES)]
    assert len(set(words)) == len(words)


def test_it_is_a_voice() -> None:
    """The services take it for someone speaking."""
    assert is_loud(frame(0, 0))
    assert is_loud(frame(29_999, 29_999))
