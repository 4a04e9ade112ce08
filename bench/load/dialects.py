"""What a session says and hears, with a relay of ours or with the provider itself."""

import base64
import json
import random
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from bench.load.wire import Opcode, encode
from shared_schema.audio import FRAME_BYTES, SAMPLE_RATE

_FORMAT: Final = {"encoding": "pcm_s16le", "sample_rate": SAMPLE_RATE}
_LOUDNESS: Final = 2_000
"""Amplitude of the noise that stands for a voice: about -30 dBFS."""


class Heard(Enum):
    """What a message of the other end means to a session."""

    READY = auto()
    DELTA = auto()
    FINAL = auto()
    ERROR = auto()


@dataclass(frozen=True)
class Dialect:
    """One wire.

    Attributes:
        heard: What each `type` means; others are passed over.
        frames: A few 100 ms frames of noise, encoded for the socket.
        ending: What ends the audio, encoded.
        start: The first message after the upgrade, without the token; None: the server begins.
        configure: Sent when the server is ready, encoded.
    """

    heard: Mapping[str, Heard]
    frames: tuple[bytes, ...] = field(repr=False)
    ending: bytes = field(repr=False)
    start: Mapping[str, Any] | None = None
    configure: bytes = b""

    def opening(self, token: str) -> bytes:
        """Return the first message, encoded; empty if the server speaks first."""
        return _text({**self.start, "access_token": token}) if self.start is not None else b""


def _text(message: Mapping[str, Any]) -> bytes:
    return encode(Opcode.TEXT, json.dumps(message, separators=(",", ":")).encode())


def _noise(number: int) -> bytes:
    source = random.Random(number)  # noqa: S311 - noise
    samples = (source.randint(-_LOUDNESS, _LOUDNESS) for _ in range(FRAME_BYTES // 2))
    return array("h", samples).tobytes()


_AUDIO: Final = tuple(_noise(number) for number in range(8))

RELAY: Final = Dialect(
    heard={
        "ready": Heard.READY,
        "delta": Heard.DELTA,
        "final": Heard.FINAL,
        "error": Heard.ERROR,
    },
    frames=tuple(encode(Opcode.BINARY, pcm) for pcm in _AUDIO),
    ending=_text({"type": "stop"}),
    start={"type": "start", "v": 1, "audio_format": _FORMAT},
)
PROVIDER: Final = Dialect(
    heard={
        "session.created": Heard.READY,
        "transcription.text.delta": Heard.DELTA,
        "transcription.done": Heard.FINAL,
        "error": Heard.ERROR,
    },
    frames=tuple(
        _text({"type": "input_audio.append", "audio": base64.b64encode(pcm).decode()})
        for pcm in _AUDIO
    ),
    ending=_text({"type": "input_audio.flush"}) + _text({"type": "input_audio.end"}),
    configure=_text({"type": "session.update", "session": {"audio_format": _FORMAT}}),
)
DIALECTS: Final[Mapping[str, Dialect]] = {"relay": RELAY, "provider": PROVIDER}
