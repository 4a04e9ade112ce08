"""What counts as voice in a recording. Service and page share it."""

from typing import Final

WINDOW_SECONDS: Final = 0.02
"""The level is taken of so much sound."""
FLOOR_DBFS: Final = -96.0
"""What stands for silence where a logarithm would be minus infinity."""
SPEECH_OVER_NOISE: Final = 10.0
"""Speech stands at least this far above the noise floor, in decibels."""
SPEECH_FLOOR: Final = -60.0
"""Nothing quieter than this is speech, dBFS."""
NOISE_CEILING: Final = -25.0
"""Nothing louder than this is only noise, dBFS: speech without a pause is still speech."""
VOICE_UNDER_SPEECH: Final = 12.0
"""What is quieter than speech by more decibels is breath or room, and needs no words."""
CLIP_LEVEL: Final = 0.99
"""A sample at this part of full scale is at its end."""
CLIP_RUN: Final = 3
"""So many in a row are clipped."""
PAUSE_SECONDS: Final = 0.3
"""A shorter time without voice lies inside of what is said."""
BLIP_SECONDS: Final = 0.06
"""A shorter voice is a click."""
