"""The wire contract of Utter Transcribe."""
