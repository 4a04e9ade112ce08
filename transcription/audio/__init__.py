"""Uploaded audio: what a file is and how long, found out in processes apart."""

from typing import Literal

Failure = Literal["internal", "start", "crash", "timeout"]
"""Why a worker failed: a bug of ours, it does not start, a decoder crashed, or it took too long."""
