"""Mistral's transcription wire: what goes over the sockets."""
