"""The settings of a deployment, read at start and checked against what there is."""

from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator

from transcription.ledger.base import LEASE_SECONDS
from transcription.providers.registry import PROVIDERS
from transcription.settings import Settings
from transcription.user_keys.key_ring import KeyRing


class Deployment(Settings):
    """Settings that name a provider that there is, and a ring that can be read."""

    @field_validator("transcription_provider")
    @classmethod
    def _is_a_provider(cls, name: str) -> str:
        if name not in PROVIDERS:
            message = f"there are {', '.join(sorted(PROVIDERS))}"
            raise ValueError(message)
        return name

    @field_validator("transcription_providers")
    @classmethod
    def _are_providers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            message = "each provider can stand in the order once"
            raise ValueError(message)
        return tuple(map(cls._is_a_provider, names))

    @field_validator("byok_enabled")
    @classmethod
    def _takes_own_keys(cls, are_taken: bool, info: ValidationInfo) -> bool:
        one = info.data.get("transcription_provider", "")
        names = info.data.get("transcription_providers") or (one,)
        known = [PROVIDERS[name] for name in names if name in PROVIDERS]
        if are_taken and known and not any(entry.takes_own_keys for entry in known):
            message = f"the provider {' or '.join(names)} takes no keys of users' own"
            raise ValueError(message)
        return are_taken

    @field_validator("byok_keys")
    @classmethod
    def _is_a_ring(cls, text: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if text is not None:
            KeyRing.parse(text)
        elif info.data.get("byok_enabled"):
            message = "needed with BYOK_ENABLED, like 2026a:<what openssl rand -base64 32 says>"
            raise ValueError(message)
        return text

    @field_validator("bridge_heartbeat_seconds")
    @classmethod
    def _beats_within_a_lease(cls, seconds: float) -> float:
        if seconds >= LEASE_SECONDS:
            message = f"must be less than a lease, {LEASE_SECONDS} s"
            raise ValueError(message)
        return seconds


def load_settings() -> Settings:
    """Read the settings, or end the process with every fault named by its variable.

    Raises:
        SystemExit: something is missing or wrong.
    """
    try:
        return Deployment()
    except UnicodeDecodeError:
        raise SystemExit("Cannot start, .env is not UTF-8: save it as UTF-8 text.") from None
    except ValidationError as error:
        faults = "\n".join(
            f"  {'_'.join(map(str, fault['loc'])).upper() or 'SETTINGS'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        message = f"Cannot start, these settings are wrong (see .env.example):\n{faults}"
        raise SystemExit(message) from None
