"""Who is calling."""

from dataclasses import dataclass

from pydantic import SecretStr

from transcription.identity import User


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in user, and what acts in their name."""

    user: User
    token: SecretStr
    """The access token, as it was verified."""
    address: str | None
    """IP address."""
