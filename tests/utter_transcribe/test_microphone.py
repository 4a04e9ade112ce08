"""The microphone, by miniaudio's own device that hears nothing."""

import sys
from contextlib import aclosing

import miniaudio
import pytest

from utter_transcribe.errors import AudioError
from utter_transcribe.microphone import microphone


async def test_what_is_heard_comes_as_pcm() -> None:
    """Blocks of whole samples come as they are heard, and the device is given back."""
    for _ in range(2):
        heard = b""
        async with aclosing(microphone([miniaudio.Backend.NULL])) as source:
            async for block in source:
                heard += block
                if len(heard) >= 16_000:  # half a second
                    break
        assert len(heard) % 2 == 0
        assert set(heard) == {0}


async def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is missing, the message is the command that installs it."""
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(AudioError, match=r"pip install 'utter-transcribe\[microphone\]'"):
        await anext(microphone())


async def test_a_machine_without_a_microphone_says_so() -> None:
    """What cannot be opened is told in words, not as a traceback."""
    with pytest.raises(AudioError, match="no microphone can be opened"):
        await anext(microphone([miniaudio.Backend.CUSTOM]))
