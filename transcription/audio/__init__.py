"""Uploaded audio: what a file is and how long, found out in processes apart."""
