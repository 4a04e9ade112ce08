"""Who has gone silent: the client, or the provider?"""

from dataclasses import dataclass
from enum import Enum, auto
from operator import mul
from typing import Final

from shared_schema.audio import seconds

_LISTEN_EVERY: Final = 10
"""One frame in so many is listened to."""
THRESHOLD_DBFS: Final = -42.0
"""RMS above which a frame counts as voice: rooms are below -50 dBFS, speech above -35."""
_STRIDE: Final = 37
"""One sample in so many is enough for an energy; a prime, so that no tone hides between them."""
_THRESHOLD_SQUARED: Final = (32_768 * 10 ** (THRESHOLD_DBFS / 20)) ** 2


class Silence(Enum):
    """What the watch has found."""

    PROVIDER = auto()
    """Takes no audio, or gives no text for voice."""
    CLIENT = auto()
    """Does not answer a ping."""
    AUDIO = auto()
    """The client is there and sends nothing."""
    UNSURE = auto()
    """Nothing was heard of the client for a while: ping it."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each may be silent, in seconds."""

    audio: float
    ping_interval: float
    ping_timeout: float
    provider: float
    """Of voice without text, or of audio that is not taken. Silence in the room is no stall."""


class Watchdog:
    """Watches one live session.

    Args:
        timeouts: Limits.
        now: Monotonic seconds, as in every method.
    """

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self._timeouts = timeouts
        self._heard_at = self._audio_at = self._text_at = now
        self._pinged_at: float | None = None
        self._handing_since: float | None = None
        self._frames = 0
        self._unheard = 0
        self._voiced = 0

    def begin(self, now: float) -> None:
        """The client may send audio from now on."""
        self._heard_at = self._audio_at = now

    def client_spoke(self, now: float) -> None:
        """Something came from the client: a message, a pong."""
        self._heard_at = now
        self._pinged_at = None

    def client_pinged(self, now: float) -> None:
        """A ping is on its way to the client."""
        self._pinged_at = now

    def audio_came(self, frame: bytes, now: float) -> None:
        """A frame came and is being handed to the provider."""
        if not self._frames:
            self._text_at = now
        self._heard_at = self._audio_at = self._handing_since = now
        self._pinged_at = None
        self._frames += 1
        self._unheard += len(frame)
        if self._frames % _LISTEN_EVERY == 0:
            if is_voice(frame):
                self._voiced += self._unheard
            self._unheard = 0

    def audio_taken(self, now: float) -> None:
        """The provider has taken the frame."""
        self._heard_at = self._audio_at = now
        self._handing_since = None

    def text_came(self, now: float) -> None:
        """The provider gave text."""
        self._text_at = now
        self._voiced = 0

    def silence(self, now: float) -> Silence | None:
        """Return who has been silent for too long, if anybody."""
        timeouts = self._timeouts
        if self._handing_since is not None:
            # The client's socket is not read meanwhile: its silence would be ours.
            stuck = now - self._handing_since >= timeouts.provider
            return Silence.PROVIDER if stuck else None
        if seconds(self._voiced) >= timeouts.provider <= now - self._text_at:
            return Silence.PROVIDER
        if self._pinged_at is not None and now - self._pinged_at >= timeouts.ping_timeout:
            return Silence.CLIENT
        if now - self._audio_at >= timeouts.audio:
            return Silence.AUDIO
        if now - self._heard_at >= timeouts.ping_interval and self._pinged_at is None:
            return Silence.UNSURE
        return None


def is_voice(pcm: bytes) -> bool:
    """Tell whether a frame of PCM s16le is louder than a quiet room."""
    samples = memoryview(pcm).cast("h")[::_STRIDE].tolist()
    return bool(samples) and sum(map(mul, samples, samples)) > _THRESHOLD_SQUARED * len(samples)
