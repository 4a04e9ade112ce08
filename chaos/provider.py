"""A provider that answers what it receives, word for word, until it is set to misbehave.

It stands behind the provider's real wire (`local_stack.provider`), as an engine of its own.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

from chaos.speech import WORD_FRAMES, Ear, word
from local_stack.provider.cards import HOSTED
from local_stack.provider.engine import (
    Abort,
    Close,
    Done,
    Engine,
    Event,
    Failed,
    FileRequest,
    ModelCard,
    RealtimeOptions,
    RefusedError,
    TextDelta,
    Verbatim,
)
from shared_schema.audio import FRAME_BYTES, seconds

LAG_BYTES: Final = 8 * FRAME_BYTES
"""A word is said so much audio after its end."""
_FILE_SECONDS: Final = 0.2


class Trouble(StrEnum):
    """What may be wrong with the provider."""

    REFUSES = "refuses"
    SLOW = "slow"
    DROPS = "drops"
    STALLS = "stalls"
    LIES = "lies"


@dataclass(slots=True)
class Mood:
    """How it behaves.

    Attributes:
        troubles: What is wrong at present, and how likely: at a connect, at a file, at a frame.
        loses: Whether it loses one frame of each session, which breaks a law on purpose.
    """

    troubles: dict[Trouble, float] = field(default_factory=dict)
    loses: bool = False


class FaultyProvider(Engine):
    """The engine.

    Args:
        dice: Decides when a trouble strikes.

    Attributes:
        mood: To be changed at any time.
        ears: One for each session that ever was.
        open: How many sessions there are.
    """

    def __init__(self, dice: Random) -> None:
        self.mood = Mood()
        self.ears: list[Ear] = []
        self.open = 0
        self._dice = dice
        self._cards = {card.id: card for card in HOSTED}

    def cards(self) -> Mapping[str, ModelCard]:
        """The models that can be asked for, by id."""
        return self._cards

    def strikes(self, trouble: Trouble) -> bool:
        """Whether a trouble strikes here and now."""
        likely = self.mood.troubles.get(trouble)
        return likely is not None and self._dice.random() < likely

    async def connect(self, model: str) -> "Hearing":
        """Begin a live session.

        Raises:
            RefusedError: It is in no mood for it.
        """
        await self._begin()
        ear = Ear()
        self.ears.append(ear)
        self.open += 1
        return Hearing(self, ear, self._dice)

    async def transcribe(self, request: FileRequest) -> AsyncGenerator[Event]:
        """Hear a file.

        Raises:
            RefusedError: It is in no mood for it.
        """
        await self._begin()
        await asyncio.sleep(_FILE_SECONDS)
        first, second = heard_in(request.data).split()
        yield TextDelta(first)
        if self.strikes(Trouble.DROPS) or self.strikes(Trouble.STALLS):
            yield Abort()
            return
        yield TextDelta(f" {second}")
        yield Done(f"{first} {second}", 0.0)

    async def _begin(self) -> None:
        if self.strikes(Trouble.SLOW):
            await asyncio.sleep(self._dice.uniform(0.5, 3.0))
        if self.strikes(Trouble.REFUSES):
            status = self._dice.choice((400, 401, 429, 429, 500, 503, 503))
            raise RefusedError(status, "not now", retry_after=1 if status == 429 else None)


def heard_in(file: bytes) -> str:
    """Return the two words for a file, which follow from its bytes."""
    digest = hashlib.sha256(file).hexdigest()
    return f"{digest[:8]} {digest[8:16]}"


class Hearing:
    """One live session."""

    def __init__(self, provider: FaultyProvider, ear: Ear, dice: Random) -> None:
        self._provider = provider
        self._ear = ear
        self._dice = dice
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._said: list[str] = []
        self._word: int | None = None
        self._silent = False
        self._closed = False
        self._frames = 0

    async def start(self) -> None:
        """It may be announced at once."""

    async def configure(self, options: RealtimeOptions) -> None:
        """All options are taken."""

    async def feed(self, pcm: bytes) -> None:
        """Hear, say what was said a while ago, and fail where that is the mood."""
        self._frames += 1
        if not (self._provider.mood.loses and self._frames == WORD_FRAMES):
            self._ear.hear(pcm)
        self._say_up_to(self._ear.end - LAG_BYTES)
        for trouble in (Trouble.DROPS, Trouble.STALLS, Trouble.LIES):
            if self._provider.strikes(trouble):
                await self._fail(trouble)

    async def flush(self) -> None:
        """What can be said is said."""

    async def end(self) -> None:
        """Say the rest."""
        self._say_up_to(self._ear.end)
        if self._provider.strikes(Trouble.STALLS):
            return
        self._say(Done("".join(self._said), seconds(self._ear.size)))
        self._say(Close())

    async def events(self) -> AsyncIterator[Event]:
        """What it says."""
        while True:
            yield await self._events.get()

    async def close(self) -> None:
        """Be gone."""
        if not self._closed:
            self._closed = True
            self._provider.open -= 1

    def _say(self, event: Event) -> None:
        if not self._silent:
            self._events.put_nowait(event)

    def _say_up_to(self, position: int) -> None:
        """Say the words that were heard whole, and end before a byte of the recording."""
        ear = self._ear
        if ear.recording is None:
            return
        size = WORD_FRAMES * FRAME_BYTES
        if self._word is None:
            self._word = -(-ear.begin // size)
        while (self._word + 1) * size <= position:
            if not self._silent:
                self._said.append(f" {word(ear.recording, self._word)}")
                self._say(TextDelta(self._said[-1]))
            self._word += 1

    async def _fail(self, trouble: Trouble) -> None:
        dice = self._dice
        if trouble is Trouble.DROPS:
            self._say(dice.choice((Abort(), Abort(), Close(1011, "going away"))))
            self._silent = True
        elif trouble is Trouble.STALLS:
            self._silent = True
            if dice.random() < 0.5:
                await asyncio.get_running_loop().create_future()
        else:
            lie = dice.choice(
                (
                    Verbatim('{"type": "transcription.text.delta", "text": '),
                    Verbatim('{"type": "transcription.mood", "mood": "curious"}'),
                    Verbatim("[]"),
                    Failed("I would rather not", 3000),
                    Failed("too many of you", 429),
                    Done("".join(self._said), 0.0),
                )
            )
            self._say(lie)
