"""An engine that says what it was told to say, and fails where it was told to fail."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from itertools import cycle

from local_stack.provider.cards import HOSTED
from local_stack.provider.engine import (
    Abort,
    Close,
    Done,
    Engine,
    Event,
    Failed,
    FileRequest,
    LanguageDetected,
    ModelCard,
    OptionError,
    RealtimeOptions,
    RefusedError,
    Segment,
    TextDelta,
    Turn,
    Verbatim,
)
from local_stack.provider.script import Script

_WORD_SECONDS = 0.4
_EVENTS_WAITING = 256


class ScriptedEngine(Engine):
    """Plays scripts, in the server's own event loop.

    Args:
        script: One script for every connection, or several: one per connection in turn (files
            count for themselves), the last one repeating.
        cards: The models it has.
    """

    def __init__(
        self,
        script: Script | Sequence[Script] | None = None,
        *,
        cards: Sequence[ModelCard] = HOSTED,
    ) -> None:
        self.script = script if script is not None else Script()
        self._cards = {card.id: card for card in cards}

    @property
    def script(self) -> Script | Sequence[Script]:
        """What is played; setting it begins anew with the first of them."""
        return self._script

    @script.setter
    def script(self, script: Script | Sequence[Script]) -> None:
        scripts = (script,) if isinstance(script, Script) else tuple(script)
        if not scripts:
            raise ValueError("at least one script is needed")
        self._script = script
        self._sessions = _in_turn(scripts)
        self._files = _in_turn(scripts)

    def cards(self) -> Mapping[str, ModelCard]:
        """The models that can be asked for, by id."""
        return self._cards

    async def connect(self, model: str) -> "ScriptedSession":
        """Begin the next script.

        Raises:
            RefusedError: The script says so.
        """
        script = next(self._sessions)
        await asyncio.sleep(script.connect_delay_ms / 1000)
        if script.refuse_status is not None:
            raise RefusedError(
                script.refuse_status, script.refuse_message, retry_after=script.retry_after
            )
        return ScriptedSession(script)

    async def transcribe(self, request: FileRequest) -> AsyncGenerator[Event]:
        """Answer a file by the next script.

        Raises:
            RefusedError: The script says so.
        """
        script = next(self._files)
        batch = script.batch
        await asyncio.sleep(batch.think_ms / 1000)
        if batch.status != 200 or batch.body is not None:
            raise RefusedError(
                batch.status, batch.message, retry_after=batch.retry_after, body=batch.body
            )
        for sent, event in enumerate(_file_events(script, request)):
            await asyncio.sleep(batch.event_every_ms / 1000)
            if sent == batch.drop_after_events:
                yield Abort()
                return
            yield event


class ScriptedSession:
    """One live session that follows a script."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._events: asyncio.Queue[Event] = asyncio.Queue(_EVENTS_WAITING)
        self._pieces = iter(_again(script.pieces) if script.repeat else script.pieces)
        self._said: list[str] = []
        self._frames = 0
        self._audio_bytes = 0
        self._options = RealtimeOptions()
        self._pace(self._options)
        self._segments: list[Segment] = []
        self._stalled = False
        self._halted = False
        self._faults = {
            frame
            for frame in (
                script.stall_at_frame,
                script.stop_reading_at_frame,
                script.drop_at_frame,
                script.close_at_frame,
                script.error_at_frame,
                script.garbage_at_frame,
                script.unknown_at_frame,
                script.done_at_frame,
            )
            if frame is not None
        }

    async def start(self) -> None:
        """Start as slowly as the script says."""
        await asyncio.sleep(self._script.created_delay_ms / 1000)
        if 0 in self._faults:
            await self._fail(0)

    async def configure(self, options: RealtimeOptions) -> None:
        """Take the options or refuse them, when the script says so."""
        await asyncio.sleep(self._script.update_delay_ms / 1000)
        if self._script.update_error is not None:
            raise OptionError(self._script.update_error, code=self._script.error_code)
        self._options = options
        self._pace(options)

    async def feed(self, pcm: bytes) -> None:
        """Say what this much audio is worth, then fail if this is the frame for it."""
        self._frames += 1
        self._audio_bytes += len(pcm)
        if self._frames == 1 and self._script.language is not None:
            await self._say(LanguageDetected(self._script.language))
        while self._audio_bytes >= self._next_delta:
            self._next_delta += self._stride
            piece = next(self._pieces, None)
            if piece is None:
                break
            await self._say_text(piece)
        await self._say_beside(self._frames)
        if self._frames in self._faults:
            await self._fail(self._frames)
        if self._halted:
            # Never returning is what stops the wire from reading on.
            await asyncio.get_running_loop().create_future()

    async def flush(self) -> None:
        """A script holds nothing back before its end."""

    async def end(self) -> None:
        """Say the rest and what the script has for an end."""
        script = self._script
        if script.rest_at_end and not script.repeat:
            rest = "".join(self._pieces)
            if rest:
                await self._say_text(rest)
        await asyncio.sleep(script.done_delay_ms / 1000)
        match script.at_end:
            case "done":
                await self._say_done()
            case "drop":
                await self._say(Abort())
            case "close":
                await self._say(Close(script.close_code, script.close_reason))
            case "error":
                await self._say(
                    Failed(script.error_message, script.error_code, script.error_closes)
                )
            case "never":
                pass

    async def events(self) -> AsyncIterator[Event]:
        """What the script says, as it comes."""
        while True:
            yield await self._events.get()

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _pace(self, options: RealtimeOptions) -> None:
        self._bytes_per_second = 2 * options.sample_rate
        self._stride = self._bytes_per_second * self._script.delta_every_ms // 1000
        self._next_delta = self._stride

    async def _say(self, event: Event) -> None:
        if not self._stalled:
            await self._events.put(event)

    async def _end_with(self, event: Event) -> None:
        await self._say(event)
        self._halted = True

    async def _say_text(self, text: str) -> None:
        if not self._stalled:
            self._said.append(text)
            await self._events.put(TextDelta(text))

    async def _say_beside(self, frame: int) -> None:
        """Say what goes beside the text at this frame, as far as it was asked for."""
        if self._options.turn_detection is not None:
            for turn in self._script.turns:
                if turn.at_frame == frame:
                    await self._say(Turn(turn.event, turn.at, turn.end_reason))
        if self._options.diarize:
            for one in self._script.segments:
                if one.at_frame == frame:
                    speaker = one.speaker or next(iter(self._options.speakers), None)
                    segment = Segment(one.text, one.start, one.end, speaker, one.score)
                    self._segments.append(segment)
                    await self._say(segment)

    async def _say_done(self) -> None:
        text = self._script.done_text
        await self._say(
            Done(
                text="".join(self._said) if text is None else text,
                audio_seconds=self._audio_bytes / self._bytes_per_second,
                language=self._script.language,
                segments=tuple(self._segments),
            )
        )
        if self._script.close_after_done:
            await self._end_with(Close())

    async def _fail(self, frame: int) -> None:
        script = self._script
        if frame == script.garbage_at_frame:
            await self._say(Verbatim(script.garbage))
        if frame == script.unknown_at_frame:
            await self._say(Verbatim(json.dumps(script.unknown)))
        if frame == script.error_at_frame:
            failed = Failed(script.error_message, script.error_code, script.error_closes)
            if failed.close and self._options.errors_close:
                await self._end_with(failed)
            else:
                await self._say(failed)
        if frame == script.done_at_frame:
            await self._say_done()
        if frame == script.close_at_frame:
            await self._end_with(Close(script.close_code, script.close_reason))
        if frame == script.drop_at_frame:
            await self._end_with(Abort())
        if frame == script.stall_at_frame:
            self._stalled = True
        if frame == script.stop_reading_at_frame:
            self._halted = True


def _in_turn(scripts: Sequence[Script]) -> Iterator[Script]:
    yield from scripts
    while True:
        yield scripts[-1]


def _again(pieces: Sequence[str]) -> Iterator[str]:
    for turn, piece in enumerate(cycle(pieces)):
        between = turn and turn % len(pieces) == 0 and not piece[:1].isspace()
        yield f" {piece}" if between else piece


def _file_events(script: Script, request: FileRequest) -> Iterator[Event]:
    """The events of one file: language, then deltas or timestamped pieces, then the done.

    A script has no ear for time, so every word is given the same length.
    """
    text = script.text if script.batch.text is None else script.batch.text
    language = script.batch.language or request.language or script.language
    if not request.tell_language:
        language = None
    words = text.split()
    pieces = {"word": words, "segment": [text], None: []}[request.granularity]
    segments: list[Segment] = []
    at = 0.0
    for piece in pieces:
        end = at + _WORD_SECONDS * len(piece.split())
        speaker = next(iter(request.speakers), "speaker_1") if request.diarize else None
        segments.append(Segment(piece, round(at, 2), round(end, 2), speaker))
        at = end
    if language is not None:
        yield LanguageDetected(language)
    if segments:
        yield from segments
    else:
        yield from (TextDelta(word if n == 0 else f" {word}") for n, word in enumerate(words))
    yield Done(
        text,
        _WORD_SECONDS * len(words),
        language,
        tuple(segments),
        script.batch.finish,
        request.tell_language,
    )
