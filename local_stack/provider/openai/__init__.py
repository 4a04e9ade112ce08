"""OpenAI's wire: files, and realtime transcription sessions."""
