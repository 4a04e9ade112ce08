"""Who is calling."""

from dataclasses import dataclass

from pydantic import SecretStr

from transcription.identity.verifier import User


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in user, and what acts in their name."""

    user: User
    token: SecretStr
    """The access token, as it was verified."""
    address: str | None
    """IP address."""

    @property
    def origin(self) -> tuple[str, str | None]:
        """Who has a share of what is scarce: the user, and the address."""
        return self.user.id, self.address
