"""Honest people with a microphone, and the client that a page or a command uses."""

from collections.abc import AsyncIterator
from random import Random
from typing import Final

from chaos.observations import Recording
from chaos.people.scene import Scene, id_of
from chaos.speech import WORD_FRAMES, frame
from utter_transcribe.audio import paced
from utter_transcribe.events import Event, Reconnecting
from utter_transcribe.live import LiveTranscription

WORDS: Final = (10, 40)
"""Of a recording: 3 to 12 seconds."""
NEW_USER: Final = 0.25
"""How often a recording is its user's first."""
PAUSE_SECONDS: Final = 1.5


async def speak(scene: Scene, dice: Random) -> None:
    """Make recordings until it is over."""
    user = scene.user()
    while not scene.over.is_set():
        if dice.random() < NEW_USER:
            user = scene.user()
        recording = Recording(next(scene.numbers), "", WORD_FRAMES * dice.randint(*WORDS))
        scene.evidence.recordings.append(recording)

        def note(event: Event, recording: Recording = recording) -> None:
            recording.reconnecting += isinstance(event, Reconnecting)

        live = LiveTranscription(scene.url, user, on_event=note)
        recording.result = await live.run(paced(_spoken(recording)))
        recording.user = await id_of(user)
        await scene.rest(dice, PAUSE_SECONDS)


async def _spoken(recording: Recording) -> AsyncIterator[bytes]:
    for number in range(recording.frames):
        yield frame(recording.number, number)
