"""The provider: its key and its models."""

from edge_functions.doctor.finding import Fault, Skipped
from transcription.errors import ProviderError, ProviderKeyRefused
from transcription.providers.base import Provider


class Transcribing:
    """Looks at the provider that a deployment uses.

    Args:
        provider: As the services have it.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._names: frozenset[str] = frozenset()

    async def key(self) -> str:
        """Ask for the list of models with the deployment's key."""
        provider = self._provider
        if provider.files is None and provider.realtime is None:
            raise Skipped("transcription is switched off")
        if not provider.is_shared:
            raise Skipped(f"{provider.key_setting} is not set, so users bring their own")
        assert provider.list_models is not None  # noqa: S101 - every provider has it
        try:
            self._names = await provider.list_models(provider.key)
        except ProviderKeyRefused as error:
            raise Fault(
                f"{provider.name} refuses {provider.key_setting} ({error.status})",
                f"set {provider.key_setting} to a key that works, and restart",
            ) from None
        except ProviderError:
            raise Fault(
                f"{provider.name} cannot be reached, or does not list its models",
                "check the provider's address, its status page, and egress from this machine",
            ) from None
        return f"{provider.name} answers and takes the key"

    async def models(self) -> str:
        """Look for the two models in the provider's list."""
        provider = self._provider
        used = {
            f"{provider.name}_realtime_model".upper(): provider.realtime and provider.live,
            f"{provider.name}_transcribe_model".upper(): provider.files and provider.batch,
        }
        for setting, offered in used.items():
            if offered and offered.default not in self._names:
                raise Fault(
                    f"{provider.name} has no model {offered.default!r}, which {setting} names",
                    f"set {setting} to one of: {', '.join(sorted(self._names))[:300]}",
                )
        return ", ".join(sorted({one.default for one in used.values() if one}))
