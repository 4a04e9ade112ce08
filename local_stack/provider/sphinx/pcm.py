"""The one audio format inside this engine: PCM s16le mono 16 kHz."""

SAMPLE_RATE = 16_000
BYTES_PER_SECOND = 2 * SAMPLE_RATE
