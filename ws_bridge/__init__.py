"""Realtime transcription over WebSocket."""
