"""What the fake provider says: the same for every variant."""

from typing import Final

from shared_schema.audio import FRAME_MS

MODEL: Final = "voxtral-mini-transcribe-realtime-2602"
FRAMES_PER_DELTA: Final = 3
"""A delta for each third frame: 3.3 a second, as many as a fluent speaker's tokens."""
DELTA_EVERY_MS: Final = FRAMES_PER_DELTA * FRAME_MS
PROVIDER_PATH: Final = f"/v1/audio/transcriptions/realtime?model={MODEL}"
