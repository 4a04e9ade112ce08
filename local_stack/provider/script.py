"""What a scripted provider says and how it fails: one script per connection or request."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from local_stack.provider.engine import Message

SCRIPTS = Path(__file__).with_name("scripts")
"""Where the named example scripts live."""

PANGRAMS = (
    "the quick brown fox jumps over the lazy dog and runs back home "
    "while five boxing wizards pack my box with a dozen jugs"
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SegmentScript(_Strict):
    """A stretch of speech, told live to a client that asked for `diarize`."""

    at_frame: int = Field(ge=1)
    """Frame after which it is sent."""
    text: str
    start: float | None = Field(None, ge=0)
    """Seconds of the session's audio; None: not told."""
    end: float | None = Field(None, ge=0)
    """Seconds of the session's audio; None: not told."""
    speaker: str | None = None
    """None: not told, unless voices were sent along; then the first of their names."""
    score: float | None = None
    """How sure it is; None: not told."""


class TurnScript(_Strict):
    """News of a turn, told live to a client that asked for `turn_detection`."""

    at_frame: int = Field(ge=1)
    """Frame after which it is sent."""
    event: Literal["start", "eager_end", "resume", "end"]
    at: float | None = Field(None, ge=0)
    """Seconds of the session's audio; None: not told."""
    end_reason: str = "threshold"
    """Why it has ended, with `end`."""


class BatchScript(_Strict):
    """How `POST /v1/audio/transcriptions` is answered."""

    status: int = Field(200, ge=200, le=599)
    """HTTP status; anything but 200 is answered as an error."""
    message: Message = "The scripted provider refused this request."
    """The error body's `message`: a string, or an object with `detail`."""
    retry_after: int | str | None = None
    """`Retry-After` of an error: seconds, or an HTTP date."""
    body: str | None = None
    """Sent verbatim as the whole answer with `status`, in place of JSON of its own making."""
    think_ms: int = Field(0, ge=0)
    """Milliseconds between the whole request and the first byte of the answer."""
    text: str | None = None
    """The transcript; None: the script's `text`."""
    language: str | None = None
    """ISO 639-1 told in the answer; None: what was asked for, else the script's `language`."""
    event_every_ms: int = Field(0, ge=0)
    """Milliseconds before each server-sent event (`stream: true`)."""
    finish: str = "stop"
    """`finish_reason` of the last chunk, on vLLM's wire: `abort` and `error` are failures."""
    drop_after_events: int | None = Field(None, ge=0)
    """Cut the connection after this many server-sent events. Without `stream`, any number cuts
    it instead of answering."""


class Script(_Strict):
    """One scripted session.

    A frame is one `input_audio.append`; frames count from 1. A fault "at frame N" happens when
    frame N has been received and recorded; 0 is right after `session.created`.
    """

    # What is said
    text: str = PANGRAMS
    """The transcript, said word by word."""
    deltas: tuple[str, ...] | None = None
    """The deltas verbatim in place of `text` cut into words; empty strings are sent too."""
    delta_every_ms: int = Field(200, gt=0)
    """Milliseconds of received audio per delta."""
    repeat: bool = False
    """Begin the text again when it is used up, for as long as audio comes."""
    rest_at_end: bool = True
    """Say what is left of the text at `input_audio.end`; else only what the audio paid for."""
    language: str | None = None
    """ISO 639-1 of a `transcription.language` event, sent with the first frame; None: no event."""
    segments: tuple[SegmentScript, ...] = ()
    """Who spoke when, told live to a client that asked for `diarize`."""
    turns: tuple[TurnScript, ...] = ()
    """Turns, told live to a client that asked for `turn_detection`."""

    # The handshake and the start
    connect_delay_ms: int = Field(0, ge=0)
    """Milliseconds before the handshake is answered."""
    refuse_status: int | None = Field(None, ge=400, le=599)
    """HTTP status that refuses the handshake (401, 429, 503, …); None accepts it."""
    refuse_message: Message = "The scripted provider refused this connection."
    """The refusal's `message`: a string, or an object with `detail`."""
    retry_after: int | str | None = None
    """`Retry-After` of the refusal: seconds, or an HTTP date."""
    created_delay_ms: int = Field(0, ge=0)
    """Milliseconds between the handshake and `session.created`: a slow start."""
    update_delay_ms: int = Field(0, ge=0)
    """Milliseconds before `session.update` is answered."""
    update_error: Message | None = None
    """Answer `session.update` with an `error` event that says this."""

    # Faults at a frame
    stall_at_frame: int | None = Field(None, ge=0)
    """From here on nothing is said any more, though frames are read."""
    stop_reading_at_frame: int | None = Field(None, ge=0)
    """From here on nothing is read any more: the client's sends back up."""
    drop_at_frame: int | None = Field(None, ge=0)
    """Cut the TCP connection here, with no close frame."""
    close_at_frame: int | None = Field(None, ge=0)
    """Close the WebSocket here with `close_code` and `close_reason`."""
    close_code: int = Field(1011, ge=1000, le=4999)
    """WebSocket close code of `close_at_frame` and `at_end = "close"`."""
    close_reason: str = ""
    """WebSocket close reason that goes with it, at most 123 bytes."""
    error_at_frame: int | None = Field(None, ge=0)
    """Send an `error` event here with `error_message` and `error_code`."""
    error_message: Message = "The scripted provider failed."
    """The event's `error.message`: a string, or an object with `detail`."""
    error_code: int = 3000
    """The event's `error.code`."""
    error_closes: bool = True
    """Whether the socket is closed after the `error` event."""
    garbage_at_frame: int | None = Field(None, ge=0)
    """Send `garbage` here."""
    garbage: str = '{"type": "transcription.text.delta", "text": '
    """A text message that is not JSON."""
    unknown_at_frame: int | None = Field(None, ge=0)
    """Send `unknown` here."""
    unknown: dict[str, Any] = Field(
        default_factory=lambda: {"type": "transcription.mood", "mood": "curious"}
    )
    """An event of an unknown type."""
    done_at_frame: int | None = Field(None, ge=0)
    """Send `transcription.done` here, unasked."""

    # The end
    at_end: Literal["done", "never", "drop", "close", "error"] = "done"
    """What follows `input_audio.end`: the done, silence on an open socket, a cut, a close
    with `close_code`, or an `error` event."""
    done_delay_ms: int = Field(0, ge=0)
    """Milliseconds between `input_audio.end` and what follows."""
    done_text: str | None = None
    """`text` of the done; None: all deltas joined."""
    close_after_done: bool = True
    """Whether the server closes the socket (1000) after the done."""

    batch: BatchScript = BatchScript()
    """How a file is answered."""

    @model_validator(mode="after")
    def _says_something(self) -> "Script":
        if self.repeat and not (self.pieces and any(self.pieces)):
            raise ValueError("repeat: there is no text to repeat")
        return self

    @property
    def pieces(self) -> tuple[str, ...]:
        """The deltas in order; a word of `text` but the first has its space in front."""
        if self.deltas is not None:
            return self.deltas
        words = self.text.split(" ")
        return tuple(word if n == 0 else f" {word}" for n, word in enumerate(words))


def load_scripts(source: str | Path) -> tuple[Script, ...]:
    """Read one script or several.

    Args:
        source: A `.toml` or `.json` file, or the name of an example in `SCRIPTS`. Several
            scripts are an array `[[scripts]]` in TOML and an array, or an object with
            `scripts`, in JSON.

    Raises:
        FileNotFoundError: There is no such file or example.
        ValueError: The file is no TOML or JSON, or a field is wrong.
    """
    path = Path(source)
    if not path.suffix:
        path = SCRIPTS / f"{source}.toml"
        if not path.is_file():
            names = ", ".join(sorted(example.stem for example in SCRIPTS.glob("*.toml")))
            raise FileNotFoundError(f"no example script {source!r}; there are: {names}")
    raw = path.read_bytes()
    data = json.loads(raw) if path.suffix == ".json" else tomllib.loads(raw.decode())
    if isinstance(data, dict) and set(data) == {"scripts"}:
        data = data["scripts"]
    scripts = tuple(
        Script.model_validate(item) for item in (data if isinstance(data, list) else [data])
    )
    if not scripts:
        raise ValueError(f"{path}: no script in it")
    return scripts
