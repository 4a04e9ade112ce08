"""Decide what to do when: a live transcription as a state machine, without any I/O.

Sockets and clocks live elsewhere (`utter_transcribe.live`). Everything that happens is passed to
the machine with the time it happened; `effects` then says what to do. A *link* is one socket and
its session. At most two exist at once: the current one, and the next one that will take its place.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import random
from typing import Final, Literal

from shared_schema import limits
from shared_schema import server_messages as server
from shared_schema.audio import BYTES_PER_SAMPLE, BYTES_PER_SECOND
from shared_schema.client_messages import Stop
from shared_schema.errors import ErrorCode
from utter_transcribe.backoff import Backoff
from utter_transcribe.effects import Effect, Leave, Open, Tell
from utter_transcribe.errors import Failure
from utter_transcribe.events import (
    Acked,
    Event,
    Finished,
    LanguageDetected,
    Noticed,
    Opened,
    Reconnecting,
    Result,
    SpeakerHeard,
    TurnHeard,
    Words,
)
from utter_transcribe.link import Link, Patience, Phase
from utter_transcribe.options import Options
from utter_transcribe.recording import Recording
from utter_transcribe.tally import Tally
from utter_transcribe.transcript import Transcript

STOP: Final = Stop(type="stop").model_dump_json()
_UNHEARD: Final = frozenset({ErrorCode.PROVIDER_UNAVAILABLE, ErrorCode.PROVIDER_RATE_LIMITED})
"""Failures after which audio may have been taken and not heard."""
_REPLACED: Final = frozenset({ErrorCode.FORBIDDEN, ErrorCode.SESSION_LIMIT})
"""What a session says when another one of the same person takes its place."""
_SLEPT_SECONDS: Final = 1.0
"""What comes so much later than a deadline shows that the device slept."""
_UNANSWERED_SECONDS: Final = 1.0
"""Words come later than this after a voice only where the provider has stopped hearing."""
_SILENT: Final = Failure("the service does not answer any more", retryable=True)
_UNACKED_BYTES: Final = BYTES_PER_SECOND * limits.ACK_INTERVAL_MS // 1000
"""What a healthy service may leave without an `ack`."""


class Session:
    """One recording on its way to a transcript, over as many links as it takes.

    Args:
        options: For the provider.
        recording: Kept whole, so that a successor can hear again what its predecessor lost.
        patience: How long to wait for what.
        jitter: Random number from 0 to 1.

    Raises:
        ValueError: An option is outside the limits of the wire (`pydantic.ValidationError`).
    """

    def __init__(
        self,
        options: Options | None = None,
        recording: Recording | None = None,
        patience: Patience | None = None,
        jitter: Callable[[], float] = random,
    ) -> None:
        self.recording = Recording() if recording is None else recording
        self.result: Result | None = None
        self._start = (options or Options()).start()
        self._patience = patience or Patience()
        self._backoff = Backoff(self._patience, jitter)
        self._tally = Tally()
        self._effects: list[Effect] = []
        self._transcript = Transcript()
        self._current: Link | None = None
        self._next: Link | None = None
        self._links = 0
        self._ended = False
        self._acked = 0
        self._resume_at = 0
        self._resumes: str | None = None
        self._avoid: str | None = None
        self._finish_by = math.inf
        self._now = -math.inf
        self._slept = False
        """Whether deadlines were put off for a sleep, and nothing happened since but time."""

    @property
    def text(self) -> str:
        """The whole transcript so far."""
        return self._transcript.text

    # What the outside does

    def effects(self) -> Iterator[Effect]:
        """Yield what is to be done now, each once."""
        while self._effects:
            yield self._effects.pop(0)

    def deadline(self) -> float:
        """When `tick` has something to do next; infinite for never."""
        links = [link for link in (self._current, self._next) if link]
        return min(
            self._finish_by,
            *(link.open_at if link.phase is Phase.WAITING else link.deadline for link in links),
            math.inf,
        )

    def begin(self, now: float) -> None:
        """Open the first session."""
        self._tally.began_at = now
        self._next = self._new_link(now)
        self.tick(now)

    def feed(self, pcm: bytes, now: float) -> None:
        """Take more audio; once the recording is full the audio has ended."""
        self._happens(now)
        self._tally.audio(now)
        self.recording.append(pcm)
        if self.recording.full:
            self._no_more(now)
        self._wake(now)

    def end(self, now: float) -> None:
        """Take notice that no more audio comes."""
        self._happens(now)
        self._no_more(now)
        if self._next and self._current and self._next.phase in {Phase.WAITING, Phase.OPENING}:
            self._drop(self._next)  # the draining one can bring it to its end alone
            self._next = None
        self._wake(now)

    def take_over(self, session_id: str, now: float) -> None:
        """Take the place of another session of the same person, which `session_limit` named."""
        if self._current or self.result:
            return
        if self._next:
            self._drop(self._next)
        self._resumes = session_id
        self._backoff.begin_anew()
        self._next = self._new_link(now)
        self._sign(now)
        self.tick(now)

    def tick(self, now: float) -> None:
        """Take notice of the time."""
        self._pass(now)
        if now >= self._finish_by:
            self._give_up(_SILENT)
        for link in (self._current, self._next):
            if link is None:
                continue
            if link.phase is Phase.WAITING and now >= link.open_at:
                link.phase = Phase.OPENING
                link.deadline = now + self._patience.ready
                self._effects.append(Open(link))
            elif link.alive and now >= link.deadline:
                self.lost(link, _SILENT, now)

    # What the socket says

    def start_message(self, link: Link) -> str:
        """Return the `start` to send once the link's socket is open."""
        if self._current:
            self._current.challenged = True
        link.phase = Phase.STARTING
        going_on = {"resumes": self._resumes, "avoid": self._avoid}
        start = self._start.model_copy(update=going_on)
        return start.model_dump_json(exclude_none=True)

    def next_message(self, link: Link, now: float) -> bytes | str | None:
        """Return what to send next: a frame, `stop`, or nothing for now."""
        if link is not self._current or link.phase is not Phase.READY or link.stopped:
            return None
        if frame := self.recording.frame(link.sent, rest=self._ended):
            link.sent += len(frame)
            if link.sent - link.acked > _UNACKED_BYTES and link.deadline == math.inf:
                link.deadline = now + self._patience.ack
            return frame
        if self._ended:
            link.stopped = True
            link.deadline = now + self._patience.final
            return STOP
        return None

    def received(self, link: Link, message: server.AnyServerMessage, now: float) -> None:
        """Take a message of the service."""
        if link.phase is Phase.GONE:
            return
        self._happens(now)
        if link is not self._current:  # all that a session may say before it is open
            if isinstance(message, server.Ready):
                self._on_ready(link, message, now)
            elif isinstance(message, server.Error):
                self.lost(link, Failure.from_error(message), now)
            return
        if link.stopped:
            link.deadline = now + self._patience.final
        self._heard_of(link, message, now)

    def _heard_of(self, link: Link, message: server.AnyServerMessage, now: float) -> None:
        match message:
            case server.Delta(text=text) if text:
                self._on_delta(link, text, now)
            case server.Language(language=language):
                self._tally.language = language
                self._tell(LanguageDetected(language))
            case server.LiveSegment() | server.Turn():
                self._tell(_beside(message, link.begin / BYTES_PER_SECOND))
            case server.Ack(audio_ms=audio_ms):
                self._on_ack(link, audio_ms, now)
            case server.Notice():
                self._tell(Noticed(message))
                if message.code == "draining" and not link.stopped and self._next is None:
                    self._backoff.begin_anew()
                    self._next = self._new_link(now)
                    self.tick(now)
            case server.Final():
                self._on_final(link, message, now)
            case server.Error():
                failure = Failure.from_error(message)
                if failure.code in _REPLACED:
                    # The person continued elsewhere: do not take that place back. Or a successor
                    # of ours took it, and was lost.
                    failure = replace(failure, retryable=link.challenged)
                self.lost(link, failure, now)

    def lost(self, link: Link, failure: Failure, now: float) -> None:
        """Take notice that a link is gone, or never came."""
        if link.phase is Phase.GONE or self.result:
            return
        self._drop(link)
        self._avoid = failure.avoid or self._avoid
        if link is self._next:
            self._next = None
            if not (failure.retryable or failure.after_refresh) and self._current:
                return  # what the current one will say is worth more
        else:
            self._current = None
            self._transcript.settle()
            if failure.code in _UNHEARD or self._left_voice_unanswered(link, now):
                self._go_back(link)
            if self._next and self._next.alive:
                return  # it is on its way, and may be why the current one was ended
            if self._next:  # it waits after tries that were free
                self._next = None
                self._backoff.begin_anew()
        self._try_again(link, failure, now)

    # How it goes on

    def _on_ready(self, link: Link, ready: server.Ready, now: float) -> None:
        if self._current:
            self._transcript.settle()
            if self._left_voice_unanswered(self._current, now):
                self._go_back(self._current)
            self._drop(self._current)
        self._current, self._next = link, None
        link.phase = Phase.READY
        link.ready_at = link.spoken_at = now
        link.rewind = BYTES_PER_SECOND * ready.resume_rewind_ms // 1000
        link.begin = link.sent = link.acked = link.spoken = self._resume_at
        link.proven_at = self._acked + BYTES_PER_SECOND
        link.deadline = math.inf
        resumed = bool(self._tally.session_ids)
        link.catches_up = resumed or len(self.recording) - link.begin > BYTES_PER_SECOND
        self._resumes = ready.session_id
        self._tally.ready(ready, now)
        self._tell(Opened(ready.session_id, ready.model, ready.max_seconds, resumed))

    def _on_delta(self, link: Link, text: str, now: float) -> None:
        link.spoken = self._heard(link, now)
        link.spoken_at = now
        self._sign(now)
        self._tally.delta(now)
        self._transcript.add(text)
        self._tell(Words(text, self._transcript.text))

    def _on_ack(self, link: Link, audio_ms: int, now: float) -> None:
        link.acked = min(link.begin + audio_ms * BYTES_PER_SECOND // 1000, link.sent)
        self._resume_at = max(self._resume_at, self._heard(link, now) - link.rewind)
        self._acked = max(self._acked, link.acked)
        self._sign(now)
        if link.acked >= link.proven_at:
            self._backoff.begin_anew()
        if not link.stopped:
            late = link.sent - link.acked > _UNACKED_BYTES
            link.deadline = now + self._patience.ack if late else math.inf
        self._tell(Acked(self._acked / BYTES_PER_SECOND))

    def _heard(self, link: Link, now: float) -> int:
        """Return up to where a link's audio was surely heard, but for the usual lag of text."""
        if not link.catches_up:
            return link.acked
        # A backlog is handed over faster than it was spoken; its text may come later than usual.
        surely = (now - link.ready_at) * self._patience.hearing * BYTES_PER_SECOND
        return min(link.acked, link.begin + int(surely) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE)

    def _left_voice_unanswered(self, link: Link, now: float) -> bool:
        """Tell whether someone spoke since the last words: the provider may be deaf."""
        is_long = now - link.spoken_at > _UNANSWERED_SECONDS
        return is_long and self.recording.has_voice(link.spoken, link.acked)

    def _go_back(self, link: Link) -> None:
        """Resume from the last words: a provider that fails has often been deaf for a while."""
        unheard = int(self._patience.unheard * BYTES_PER_SECOND)
        last_words = max(link.begin, link.spoken - link.rewind, self._resume_at - unheard)
        self._resume_at = min(self._resume_at, last_words)

    def _on_final(self, link: Link, final: server.Final, now: float) -> None:
        self._transcript.correct(final.text)
        self._tally.language = final.language or self._tally.language
        if final.status == "complete":
            reason = final.reason or ("max_duration" if self.recording.full else None)
            handed = link.begin / BYTES_PER_SECOND + final.audio_seconds
            self._finish("complete", reason, None, handed)
        else:  # an `error` or a close says how to go on
            link.stopped = True
            link.deadline = now + self._patience.afterword

    def _try_again(self, link: Link, failure: Failure, now: float) -> None:
        if failure.code is ErrorCode.IDLE_TIMEOUT and not self._has_more(link):
            self._next = self._new_link(math.inf)  # until there is something to say
            return
        # A draining service ends the current session soon enough: until then tries are free.
        free = self._current is not None
        delay = self._backoff.next(failure, had_fresh_token=link.fresh_token, free=free)
        if delay is not None:
            self._next = self._new_link(now + delay, fresh_token=failure.after_refresh)
            if not free:
                self._tell(Reconnecting(failure, self._backoff.count, delay))
        elif not free:
            self._give_up(failure)

    def _happens(self, now: float) -> None:
        """Take notice of something that shows more than the time."""
        self._pass(now)
        self._slept = False

    def _pass(self, now: float) -> None:
        """Do not count time in which nothing could be heard: what came then is still to be read."""
        slept = now - self._now if now - self.deadline() > _SLEPT_SECONDS else 0.0
        self._now = now
        if slept and self._current:
            self._current.ready_at += slept
        if not slept or self._slept:
            return
        self._slept = True
        self._sign(now)
        for link in (self._current, self._next):
            if link and link.alive:
                link.deadline = max(link.deadline, now + self._patience.ack)

    def _no_more(self, now: float) -> None:
        if not self._ended:
            self._ended = True
            self._sign(now)

    def _sign(self, now: float) -> None:
        """Wait for the text's end anew: something shows that the audio is heard."""
        if self._ended:
            self._finish_by = now + self._patience.finish

    def _has_more(self, link: Link) -> bool:
        return self._ended or len(self.recording) > link.sent

    def _give_up(self, failure: Failure) -> None:
        self._finish("partial", failure.code, failure, self._acked / BYTES_PER_SECOND)

    def _finish(
        self,
        status: Literal["complete", "partial"],
        reason: server.FinalReason | None,
        failure: Failure | None,
        audio_seconds: float,
    ) -> None:
        for link in (self._current, self._next):
            if link:
                self._drop(link)
        self._current = self._next = None
        self._finish_by = math.inf
        self.result = self._tally.result(
            self._transcript.settle(),
            status,
            reason=reason,
            failure=failure,
            audio_seconds=audio_seconds,
        )
        self._tell(Finished(self.result))

    def _new_link(self, open_at: float, *, fresh_token: bool = False) -> Link:
        self._links += 1
        return Link(self._links, open_at, fresh_token)

    def _drop(self, link: Link) -> None:
        if link.alive:
            self._effects.append(Leave(link))
        link.phase = Phase.GONE

    def _wake(self, now: float) -> None:
        """Let a link that waited for something to say begin."""
        if self._next and self._next.open_at == math.inf:
            self._next.open_at = now
            self.tick(now)

    def _tell(self, event: Event) -> None:
        self._effects.append(Tell(event))


def _beside(message: server.LiveSegment | server.Turn, begin: float) -> Event:
    """Return what goes beside the text, in seconds of the recording."""
    if isinstance(message, server.Turn):
        return TurnHeard(message.event, _later(begin, message.at), message.end_reason)
    start, end = _later(begin, message.start), _later(begin, message.end)
    return SpeakerHeard(message.text, start, end, message.speaker, message.score)


def _later(begin: float, at: float | None) -> float | None:
    return None if at is None else begin + at
