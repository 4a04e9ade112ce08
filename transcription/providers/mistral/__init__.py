"""Mistral's Voxtral models, hosted."""
