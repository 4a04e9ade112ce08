"""Who has gone silent: the client, or the provider?"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from operator import mul
from typing import Final

from shared_schema.audio import BYTES_PER_SECOND, seconds

_LISTEN_BYTES: Final = BYTES_PER_SECOND // 2
"""One frame in so much audio is listened to."""
THRESHOLD_DBFS: Final = -42.0
"""RMS below which a frame is no voice: quiet rooms are below -50 dBFS, speech above -35."""
_STRIDE: Final = 13
"""One sample in so many is enough for an energy; a prime, so that no tone hides between them."""
_BLOCK: Final = 400
"""Samples, 25 ms: about a sound of speech, and longer than a period of a hum."""
_BLOCKS: Final = 80
"""Those of the frames listened to in the last ten seconds, where frames have 100 ms."""
_STEADY: Final = 10 ** (6 / 10)
"""Ratio of the energies of loud and soft blocks, 6 dB. Speech has 20 dB or more, for it has pauses
and consonants; the noise of a room, a fan or a road has about 3 dB at this count of samples."""
_PROBE_SHARE: Final = 0.8
"""Of the provider's patience, after which it is asked for a sign of life."""
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
    """Of voice without a sign of the provider, or of audio that is not taken. To silence and to
    steady noise there is nothing to say."""


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
        self._probed = False
        self._levels: deque[float] = deque(maxlen=_BLOCKS)

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
        if self._unheard >= _LISTEN_BYTES:
            self._listen(frame)

    def audio_taken(self, now: float) -> None:
        """The provider has taken the frame."""
        self._heard_at = self._audio_at = now
        self._handing_since = None

    def provider_spoke(self, now: float) -> None:
        """The provider said something: text, or anything else that shows that it lives."""
        self._text_at = now
        self._voiced = 0
        self._probed = False

    def doubts_provider(self, now: float) -> bool:
        """Whether the provider is to be asked for a sign of life; true once for each doubt."""
        patience = _PROBE_SHARE * self._timeouts.provider
        if self._probed or seconds(self._voiced) < patience or now - self._text_at < patience:
            return False
        self._probed = True
        return True

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

    def _listen(self, frame: bytes) -> None:
        """Count what came since the last time as voice, or not, by this frame."""
        levels = _levels(frame)
        self._levels += levels
        if _are_loud(levels):
            if self._is_steady():
                self._voiced = 0  # what was counted was the noise, before it was known to be
            else:
                self._voiced += self._unheard
        self._unheard = 0

    def _is_steady(self) -> bool:
        if len(self._levels) < _BLOCKS:
            return False
        ordered = sorted(self._levels)
        return ordered[-_BLOCKS // 10] < _STEADY * ordered[_BLOCKS // 10]


def is_loud(pcm: bytes) -> bool:
    """Tell whether a frame of PCM s16le is louder than a quiet room."""
    return _are_loud(_levels(pcm))


def _are_loud(levels: list[float]) -> bool:
    return sum(levels) > _THRESHOLD_SQUARED * len(levels)


def _levels(pcm: bytes) -> list[float]:
    """Return the mean square of each block of a frame; the last one may be longer."""
    samples = memoryview(pcm).cast("h")
    count = max(1, len(samples) // _BLOCK)
    levels = []
    for number in range(count):
        end = len(samples) if number == count - 1 else (number + 1) * _BLOCK
        block = samples[number * _BLOCK : end : _STRIDE].tolist()
        levels.append(sum(map(mul, block, block)) / len(block) if block else 0.0)
    return levels
