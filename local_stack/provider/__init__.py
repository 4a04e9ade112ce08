"""Mistral's transcription wire, spoken by an engine on loopback."""
