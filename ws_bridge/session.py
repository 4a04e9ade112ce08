"""One live session as a state machine. No sockets, no event loop: time comes as an argument.

    WAITING --start--> OPENING --opened--> LIVE --stop or a limit--> ENDING --done--> CLOSED

What happens goes in through methods; what is to be done comes out of `effects`, in order.
The stop contract: once `ready` went out, exactly one `final` goes out before the close, with
all the text that there is, whatever happened.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from shared_schema import audio, limits
from shared_schema.client_messages import Start, Stop
from shared_schema.errors import ErrorCode
from shared_schema.files import known_head
from shared_schema.server_messages import (
    Ack,
    Delta,
    FinalReason,
    Language,
    LiveSegment,
    Notice,
    Ready,
)
from shared_schema.server_messages import Final as FinalMessage
from shared_schema.server_messages import Turn as TurnMessage
from transcription.errors import (
    Draining,
    Forbidden,
    IdleTimeout,
    InvalidMessage,
    LedgerUnavailable,
    ProviderEnded,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    StartTimeout,
    TranscriptionError,
    UnsupportedAudio,
)
from transcription.providers.base import (
    REWIND_MARGIN_MS,
    LanguageDetected,
    RealtimeEvent,
    Segment,
    TextDelta,
    TranscriptDone,
    Turn,
)
from ws_bridge.effects import Close, Effect, EndAudio, Open, Ping, Probe, Send
from ws_bridge.messages import error_message, parse
from ws_bridge.token_bucket import TokenBucket
from ws_bridge.watchdog import Silence, Timeouts, Watchdog

_ACK_BYTES: Final = audio.BYTES_PER_SECOND * limits.ACK_INTERVAL_MS // 1000
_ACK_SECONDS: Final = limits.ACK_INTERVAL_MS / 1000
WALL_FACTOR: Final = 1.5
"""A session lasts at most so many times its granted seconds, and the slack."""
LONG_SECONDS: Final = 30.0
"""Of audio, after which a provider that ends unasked has reached its model's greatest length."""
SLOWEST_FACTOR: Final = 3.0
"""Audio may take so many times its own length to come, and the slack."""


class State(Enum):
    """Where a session is in its life."""

    WAITING = auto()
    OPENING = auto()
    LIVE = auto()
    ENDING = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Timing:
    """A session's deadlines, in seconds."""

    start: float
    """From the upgrade to `start`."""
    finish: float
    """From the end of the audio to the provider's last word."""
    ending_soon: float
    """Audio left when the client is warned."""
    slack: float
    """That a session may last beyond what its audio explains."""
    timeouts: Timeouts


@dataclass(frozen=True, slots=True)
class Terms:
    """What a session was granted when it was let in."""

    session_id: str
    model: str
    max_seconds: float
    """Seconds of audio."""
    cut_by: Literal["max_duration", "quota_exceeded", "budget_exceeded"]
    """What running into `max_seconds` means."""
    max_lag_ms: int
    """The provider's greatest delay between audio and text."""
    ignored: tuple[str, ...] = ()
    """Hints of `start` that the model has no use for."""
    avoid: str | None = None
    """Name of the provider, where another one takes the recording if it fails."""


class Session:
    """The life of one socket.

    Args:
        timing: Deadlines.
        now: Monotonic seconds, as in every method.
    """

    def __init__(self, timing: Timing, now: float) -> None:
        self.effects: deque[Effect] = deque()
        self.state = State.WAITING
        self.start: Start | None = None
        self.terms: Terms | None = None
        self.status: Literal["complete", "partial", "refused", "abandoned"] = "refused"
        self.reason: FinalReason | None = None
        self.error: TranscriptionError | None = None
        self.close_code: int | None = None
        self.language: str | None = None
        self.received = 0
        """Bytes of audio taken in."""
        self.handed = 0
        """Bytes of audio that the provider has taken."""
        self.frames = 0
        self.deltas = 0
        self.arrived_at = now
        self.started_at: float | None = None
        self.ready_at: float | None = None
        self.first_frame_at: float | None = None
        self.first_delta_at: float | None = None
        self.ended_at: float | None = None
        self.closed_at: float | None = None

        self._timing = timing
        self._watchdog = Watchdog(timing.timeouts, now)
        self._granted = 0
        self._has_cut = False
        self._credit = 0
        self._cut_by: FinalReason = "max_duration"
        self._soon = 0
        self._bucket: TokenBucket | None = None
        self._acked = 0
        self._acked_at = now
        self._text: list[str] = []
        self._stop_asked = False
        self._soon_told = False
        self._drain_at: float | None = None
        self._ending_error: TranscriptionError | None = None

    @property
    def text(self) -> str:
        """The transcript so far."""
        return "".join(self._text)

    @property
    def outcome(self) -> FinalReason | None:
        """The error that ended the session, or the limit that did."""
        return self.error.code if self.error is not None else self.reason

    # What the client does.

    def receive_text(self, text: str, now: float) -> None:
        """Take in a text message."""
        self._watchdog.client_spoke(now)
        if self.state is State.CLOSED:
            return
        try:
            message = parse(text)
        except TranscriptionError as error:
            self.fail(error, now)
            return
        if isinstance(message, Stop):
            self._receive_stop(now)
        elif self.state is State.WAITING:
            self.start = message
            self.started_at = now
            self.state = State.OPENING
            self.effects.append(Open(message))
        else:
            self.fail(InvalidMessage("The session was started already."), now)

    def receive_audio(self, frame: bytes, now: float) -> bytes:
        """Take in a binary frame; return the part of it that the provider is to be handed."""
        size = len(frame)
        if self.state is not State.LIVE:
            if self.state in {State.WAITING, State.OPENING} and size:
                self.fail(InvalidMessage("Audio came before the session was ready."), now)
            return b""
        if size % audio.BYTES_PER_SAMPLE or size > limits.MAX_FRAME_BYTES:
            self.fail(InvalidMessage(_bad_frame(size)), now)
            return b""
        if not size:
            return b""
        if self.first_frame_at is None:
            self.first_frame_at = now
            if (kind := known_head(frame)) is not None:
                self.fail(UnsupportedAudio(f"This is {kind}. {_PCM_ALONE}"), now)
                return b""
        frame = frame[: self._granted - self.received]
        self._has_cut = len(frame) < size
        if not frame:
            return b""
        self.received += len(frame)
        self.frames += 1
        self._watchdog.audio_came(frame, now)
        if not self._soon_told and self.received >= self._soon:
            self._soon_told = True
            left = audio.seconds(self._granted - self.received)
            self.effects.append(Send(Notice(code="ending_soon", seconds_left=round(left, 1))))
        return frame

    def pong(self, now: float) -> None:
        """The client has answered a ping."""
        self._watchdog.client_spoke(now)

    def gone(self, now: float) -> None:
        """The client's socket is closed or lost: it can be sent nothing any more."""
        if self.state is State.CLOSED:
            return
        self.status = "abandoned" if self.terms is not None else "refused"
        self._close(now)

    # What admission and the provider do.

    def opened(self, terms: Terms, now: float) -> None:
        """The caller is let in and the provider is connected."""
        if self.state is not State.OPENING:
            return
        self.terms = terms
        self.state = State.LIVE
        self.ready_at = now
        self._watchdog.begin(now)
        cut = terms.cut_by
        self.regrant(terms.max_seconds, cut if cut == "max_duration" else ErrorCode(cut))
        resumes = self.start is not None and self.start.resumes is not None
        self._bucket = TokenBucket(now, backlog=resumes)
        self.effects.append(
            Send(
                Ready(
                    session_id=terms.session_id,
                    model=terms.model,
                    max_seconds=terms.max_seconds,
                    resume_rewind_ms=terms.max_lag_ms + REWIND_MARGIN_MS,
                )
            )
        )
        if terms.ignored:
            self.effects.append(Send(Notice(code="options_ignored", options=terms.ignored)))
        if self._stop_asked:
            self._end(now)

    def regrant(self, seconds: float, cut_by: FinalReason | None = None) -> None:
        """Set how many seconds of audio may come in all; what was taken in already stays.

        Where a frame was cut at the grant, the audio ends.

        Args:
            seconds: The new grant.
            cut_by: What running into it means; by default what it meant, or the quota if the
                grant is shorter than it was.
        """
        granted = max(self.received, audio.whole_samples(seconds))
        if self._has_cut:
            # What was cut off is gone: audio that went on behind it would have a hole.
            granted = self.received
        if cut_by is not None:
            self._cut_by = cut_by
        elif granted < self._granted:
            self._cut_by = ErrorCode.QUOTA_EXCEEDED
        self._granted = granted
        self._soon = granted - audio.whole_samples(self._timing.ending_soon)

    def recredit(self, seconds: float) -> None:
        """Let so many seconds of audio in all be handed over, until a heartbeat brings more."""
        self._credit = max(self._credit, audio.whole_samples(seconds))

    def affords(self, size: int) -> bool:
        """Whether `size` more bytes may be handed over by now."""
        return self.handed + size <= self._credit

    def handed_over(self, size: int, now: float) -> float:
        """The provider has taken `size` bytes; return the seconds to wait before reading on."""
        self._watchdog.audio_taken(now)
        self.handed += size
        if self.state is not State.LIVE or self._bucket is None:
            return 0.0
        if self.handed - self._acked >= _ACK_BYTES or now - self._acked_at >= _ACK_SECONDS:
            self._ack(now)
        if self.handed >= self._granted:
            self._run_out(now)
            return 0.0
        return self._bucket.wait(size, now)

    def provider_event(self, event: RealtimeEvent, now: float) -> None:
        """Take in what the provider says."""
        if self.state is not State.LIVE and self.state is not State.ENDING:
            return
        self._watchdog.provider_spoke(now)
        if isinstance(event, TextDelta):
            if event.text:
                self._delta(event.text, now)
        elif isinstance(event, LanguageDetected):
            self.language = event.language
            self.effects.append(Send(Language(language=event.language)))
        elif isinstance(event, Segment):
            self._segment(event, now)
        elif isinstance(event, Turn):
            if self.start is not None and self.start.turn_detection:
                self.effects.append(Send(_turn(event)))
        else:
            self._done(event, now)

    # What ends a session.

    def fail(self, error: TranscriptionError, now: float, *, text: str | None = None) -> None:
        """End at once, with the text that there is: `text`, or what was sent so far."""
        if self.state is State.CLOSED:
            return
        avoid = self.terms.avoid if self.terms is not None else None
        if isinstance(error, ProviderError) and avoid is not None:
            error = _at_once(error, avoid)
        self.error = error
        if self.state in {State.LIVE, State.ENDING}:
            self._final("partial", error.code, text or self.text)
        self.effects.append(Send(error_message(error)))
        self._close(now, error.spec().close, error.code)

    def finish(self, error: TranscriptionError, now: float) -> None:
        """End because of `error`, but let the provider say the last words first."""
        if self.state is not State.LIVE:
            if self.state is not State.ENDING:
                self.fail(error, now)
            return
        self._ending_error = error
        self._end(now)

    def replaced(self, now: float) -> None:
        """Another session of the same user has taken this one's place."""
        self.fail(Forbidden("This recording goes on in another place."), now)

    def drain(self, seconds: float, now: float) -> None:
        """The server goes away in `seconds`; who is not let in yet is sent elsewhere."""
        if self.state in {State.WAITING, State.OPENING}:
            self.fail(Draining(retry_after=0.0), now)
        elif self.state is State.LIVE and self._drain_at is None:
            self._drain_at = now + seconds
            self.effects.append(Send(Notice(code="draining", deadline_ms=int(seconds * 1000))))

    def tick(self, now: float) -> None:
        """Look at the clock; to be called about twice a second."""
        if self.state is State.LIVE:
            self._tick_live(now)
        elif self.state is State.WAITING:
            if now - self.arrived_at >= self._timing.start:
                self.fail(StartTimeout(f"No start came within {self._timing.start:g} s."), now)
        elif self.state is State.ENDING:
            late = self.ended_at is not None and now - self.ended_at >= self._timing.finish
            if late:
                self.fail(self._ending_error or ProviderUnavailable(), now)

    def _tick_live(self, now: float) -> None:
        if self.handed > self._acked and now - self._acked_at >= _ACK_SECONDS:
            self._ack(now)
        if self.handed >= self._granted:
            self._run_out(now)
            return
        if self._drain_at is not None and now >= self._drain_at:
            self.finish(Draining(), now)
            return
        if self._has_lasted_too_long(now):
            return
        if self._watchdog.doubts_provider(now):
            self.effects.append(Probe())
        silence = self._watchdog.silence(now)
        if silence is Silence.PROVIDER and self.received > self._credit:
            self.fail(LedgerUnavailable(), now)
        elif silence is Silence.PROVIDER:
            self.fail(ProviderUnavailable("The provider has stopped answering."), now)
        elif silence is Silence.CLIENT:
            self.fail(IdleTimeout("The client no longer answers."), now)
        elif silence is Silence.AUDIO:
            self.finish(IdleTimeout("No audio came for too long."), now)
        elif silence is Silence.UNSURE:
            self._watchdog.client_pinged(now)
            self.effects.append(Ping())

    def _has_lasted_too_long(self, now: float) -> bool:
        """End a session that keeps its place, its paid socket and its seconds for too long."""
        if self.ready_at is None or self.terms is None:
            return False
        lasted = now - self.ready_at - self._timing.slack
        if lasted >= WALL_FACTOR * self.terms.max_seconds:
            self.reason = "max_duration"
            self._end(now)
        elif lasted >= SLOWEST_FACTOR * audio.seconds(self.received):
            self.finish(IdleTimeout("Audio comes too slowly."), now)
        return self.state is not State.LIVE

    def _run_out(self, now: float) -> None:
        self.reason = self._cut_by
        self._end(now)

    def _receive_stop(self, now: float) -> None:
        if self.state is State.WAITING:
            self.fail(InvalidMessage("The first message must be start."), now)
        elif self.state is State.OPENING:
            self._stop_asked = True
        elif self.state is State.LIVE:
            self._end(now)

    def _delta(self, text: str, now: float) -> None:
        if self.first_delta_at is None:
            self.first_delta_at = now
        self._text.append(text)
        self.deltas += 1
        self.effects.append(Send(Delta(text=text)))

    def _segment(self, segment: Segment, now: float) -> None:
        """Pass on who spoke, where that was asked for. The deltas have the same words."""
        if self.start is not None and self.start.diarize:
            message = LiveSegment(
                text=segment.text,
                start=segment.start,
                end=segment.end,
                speaker=segment.speaker,
                score=segment.score,
            )
            self.effects.append(Send(message))

    def _done(self, event: TranscriptDone, now: float) -> None:
        self.language = event.language or self.language
        error = self._ending_error
        if self.state is State.LIVE:
            is_long = audio.seconds(self.handed) >= LONG_SECONDS
            kind = ProviderEnded if is_long else ProviderUnavailable
            error = kind("The provider ended early.")
        if error is not None:
            self.fail(error, now, text=event.text)
            return
        self._final("complete", self.reason, event.text or self.text)
        self._close(now, 1000)

    def _end(self, now: float) -> None:
        self.state = State.ENDING
        self.ended_at = now
        self.effects.append(EndAudio())

    def _ack(self, now: float) -> None:
        self._acked, self._acked_at = self.handed, now
        self.effects.append(Send(Ack(audio_ms=audio.milliseconds(self.handed))))

    def _final(
        self, status: Literal["complete", "partial"], reason: FinalReason | None, text: str
    ) -> None:
        if self.terms is None:
            return
        self.status, self.reason = status, reason
        self.effects.append(
            Send(
                FinalMessage(
                    text=text,
                    status=status,
                    reason=reason,
                    language=self.language,
                    model=self.terms.model,
                    audio_seconds=audio.seconds(self.handed),
                    session_id=self.terms.session_id,
                )
            )
        )

    def _close(self, now: float, code: int | None = None, reason: str = "") -> None:
        self.state = State.CLOSED
        self.closed_at = now
        self.close_code = code
        self.effects.append(Close(code if code is not None else 1000, reason))


def _turn(turn: Turn) -> TurnMessage:
    return TurnMessage(event=turn.event, at=turn.at, end_reason=turn.end_reason)


_PCM_ALONE: Final = "Send raw samples: 16-bit little-endian, mono, 16,000 Hz."


def _at_once(error: ProviderError, avoid: str) -> ProviderError:
    """Return the failure as one to resume after without waiting, at another provider."""
    if isinstance(error, ProviderEnded):
        return error  # the same one goes on
    if isinstance(error, ProviderRejected):
        # What one provider does not take from us, the next may.
        error = ProviderUnavailable("The provider refused to go on.")
    error.retry_after, error.avoid = 0.0, avoid
    return error


def _bad_frame(size: int) -> str:
    if size > limits.MAX_FRAME_BYTES:
        return f"A frame may have at most {limits.MAX_FRAME_BYTES} bytes; this one has {size}."
    return f"A frame holds whole 16-bit samples; {size} bytes is odd."
