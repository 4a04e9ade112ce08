"""What the session asks of the relay."""

from dataclasses import dataclass

from shared_schema.base import Outbound
from shared_schema.client_messages import Start


@dataclass(frozen=True, slots=True)
class Open:
    """Let the caller in: identity, quota, provider."""

    start: Start


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to the client."""

    message: Outbound


@dataclass(frozen=True, slots=True)
class EndAudio:
    """Tell the provider that no more audio comes."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the provider for a sign of life."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask the client whether it is there."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the client's socket; nothing comes after."""

    code: int
    reason: str = ""


Effect = Open | Send | EndAudio | Probe | Ping | Close
