"""Limits that both ends of the wire know. Those marked (setting) are a deployment's default."""

from typing import Final

MAX_FRAME_BYTES: Final = 65_536
"""Largest binary frame, in bytes."""
MAX_MESSAGE_BYTES: Final = 262_144
"""Largest text message, in bytes of UTF-8: a `start` may bring voices along."""
START_TIMEOUT_SECONDS: Final = 5.0
"""From the upgrade to `start` (setting)."""
IDLE_TIMEOUT_SECONDS: Final = 30.0
"""Longest time without a frame; silence is frames (setting)."""
ACK_INTERVAL_MS: Final = 800
"""Audio between two `ack`s, so that one comes at least once a second."""
MAX_CONTEXT_BIAS_TERMS: Final = 1000
"""Words, phrases and descriptions of one request; a model may take fewer."""
MAX_CONTEXT_BIAS_CHARACTERS: Final = 4000
"""Longest single one of them."""
MAX_SPEAKERS: Final = 8
"""Voices that are sent along to be known again."""
MAX_SPEAKER_NAME_CHARACTERS: Final = 64
MAX_SPEAKER_AUDIO_CHARACTERS: Final = 196_608
"""Base64 of all those voices together: 147,456 bytes of audio."""
MAX_ACCESS_TOKEN_CHARACTERS: Final = 16_384
MIN_STREAMING_DELAY_MS: Final = 80
MAX_STREAMING_DELAY_MS: Final = 2400

MAX_RESUME_TRIES: Final = 6
RESUME_BACKOFF_SECONDS: Final = 0.5
"""First wait before a resume; doubles up to `RESUME_BACKOFF_MAX_SECONDS`, jittered."""
RESUME_BACKOFF_MAX_SECONDS: Final = 8.0
TOKEN_REFRESH_SECONDS: Final = 360
"""A client refreshes a token that has less left than this before it starts."""
HALF_OPEN_SECONDS: Final = 5.0
"""A client that sends and hears no `ack` for this long takes its socket for half open."""

MAX_UPLOAD_BYTES: Final = 52_428_800
"""Largest file: 50 MiB (setting)."""
MIN_AUDIO_SECONDS: Final = 3.0
"""Shortest file (setting)."""
MAX_AUDIO_SECONDS: Final = 300.0
"""Longest file (setting)."""
MIN_TRANSCRIPT_CHARACTERS: Final = 10
"""Shortest transcript of a voice, after trimming."""
MAX_TRANSCRIPT_CHARACTERS: Final = 20_000
MAX_VOICE_NAME_CHARACTERS: Final = 100
MAX_STORED_DOUBTS: Final = 100
"""Doubts of a match that are stored with a voice, the first ones."""
MAX_RECEIPT_CHARACTERS: Final = 4096
"""Longest `receipt` of a transcription."""
MAX_VOICES_LISTED: Final = 100
"""Most voices in one answer of `GET /api/voices`."""
IDEMPOTENCY_KEY_CHARACTERS: Final = 255
"""Longest `Idempotency-Key`."""
MIN_OWN_KEY_CHARACTERS: Final = 16
MAX_OWN_KEY_CHARACTERS: Final = 256
"""Longest key of a user's own for the provider."""
