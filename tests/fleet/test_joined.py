"""The law by which the sound of several sessions is joined."""

from random import Random

from shared_schema.audio import FRAME_BYTES
from tests.fleet.rolling import joined


def test_what_was_sent_again_is_joined() -> None:
    """What two sessions of one recording heard is one sound, however much of it came twice."""
    silence = bytes(FRAME_BYTES)
    noise = Random(7).randbytes(3 * FRAME_BYTES)  # noqa: S311 - noise
    sound = silence + noise + silence + noise[::-1]
    for begin in range(FRAME_BYTES, len(sound), FRAME_BYTES):
        for end in range(begin, len(sound), FRAME_BYTES):
            assert joined([sound[:end], sound[begin:]]) == sound
