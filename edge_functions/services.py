"""What the functions share: made once by `composition`, reached through `ServicesOf`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from edge_functions.body import BodyTimeouts
from edge_functions.direct_sessions import DirectSessions
from edge_functions.erasure import Erasure
from edge_functions.idempotency import Idempotency
from edge_functions.in_flight import InFlight
from edge_functions.receipts import Receipts
from edge_functions.storage import Storage
from edge_functions.uploads import Uploads
from edge_functions.voice_table import VoiceTable
from transcription.audio.inspection import AudioInfo
from transcription.audio.reference import Reference
from transcription.match.levels import Voice
from transcription.process.shell import Shell
from transcription.providers.base import FileProvider
from transcription.user_keys.providers import Providers
from transcription.user_keys.supabase import SupabaseOwnKeys


class Inspector(Protocol):
    """Tells what a file really is; see `transcription.audio.inspection`."""

    async def ready(self) -> bool:
        """Tell whether files can be read."""

    async def inspect(self, path: Path, owner: str, address: str | None) -> AudioInfo:
        """Decode a file and tell what it is."""

    async def to_16k_wav(self, source: Path, target: Path, owner: str, address: str | None) -> None:
        """Write a copy for a provider that takes less."""

    async def voice(self, path: Path, owner: str, address: str | None) -> Voice:
        """Tell where someone speaks."""

    async def reference(
        self,
        source: Path,
        target: Path,
        owner: str,
        address: str | None,
        *,
        rate: int | None,
        max_seconds: float,
    ) -> Reference:
        """Write a WAV for a cloning engine."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one process."""

    shell: Shell
    """What both services have in common."""
    idempotency: Idempotency
    inspector: Inspector
    receipts: Receipts
    uploads: Uploads
    storage: Storage
    voices: VoiceTable
    erasure: Erasure
    in_flight: InFlight
    files: Providers[FileProvider] | None
    """None: transcription is off, or has no key and takes none."""
    direct: DirectSessions | None
    """None: clients may not talk to the provider by themselves."""
    own_keys: SupabaseOwnKeys | None
    """None: users bring no keys of their own."""

    @property
    def body_timeouts(self) -> BodyTimeouts:
        """How slowly a body may come."""
        settings = self.shell.settings
        return BodyTimeouts(
            settings.functions_upload_seconds,
            settings.functions_upload_idle_seconds,
            settings.functions_upload_min_rate,
        )


async def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)  # noqa: S101 - set by `create_app`
    return services


ServicesOf = Annotated[Services, Depends(_services)]
"""The parts, as a parameter of a function."""
