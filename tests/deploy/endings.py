"""How long a process may take to end, by its own limits."""

from edge_functions.server import GRACE_SECONDS
from transcription.ledger.supabase import DRAIN_SECONDS
from transcription.process.tracing import FLUSH_SECONDS
from transcription.settings import Settings
from ws_bridge.relay import CLOSE_SECONDS

_SLACK_SECONDS = 1.0
"""Of the bridge, beyond the last words and the close."""


def seconds_to_end(kind: str, drain: float) -> float:
    """Return the longest between SIGTERM and the end.

    Args:
        kind: "bridge" or "functions".
        drain: The deadline that it is given, in seconds.
    """
    finish = float(Settings.model_fields["provider_finish_seconds"].default)
    after = {"bridge": finish + CLOSE_SECONDS + _SLACK_SECONDS, "functions": float(GRACE_SECONDS)}
    return drain + after[kind] + DRAIN_SECONDS + FLUSH_SECONDS
