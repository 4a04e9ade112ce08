"""Voxtral on servers of one's own, behind vLLM (0.32 or newer)."""
