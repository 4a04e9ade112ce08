"""Batch transcription, voices and usage over HTTP."""
