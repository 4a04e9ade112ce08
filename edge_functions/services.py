"""What the functions share: made once by `composition`, reached through `ServicesOf`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from edge_functions.body import BodyTimeouts
from edge_functions.direct_sessions import DirectSessions
from edge_functions.erasure import Erasure
from edge_functions.idempotency import Idempotency
from edge_functions.in_flight import InFlight
from edge_functions.receipts import Receipts
from edge_functions.storage import Storage
from edge_functions.sweeper import Sweeper
from edge_functions.uploads import Uploads
from edge_functions.voice_table import VoiceTable
from transcription.audio.inspection import AudioInspector
from transcription.process.shell import Shell
from transcription.providers.base import FileProvider
from transcription.user_keys.providers import Providers
from transcription.user_keys.supabase import SupabaseOwnKeys


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one process."""

    shell: Shell
    """What both services have in common."""
    idempotency: Idempotency
    inspector: AudioInspector
    receipts: Receipts
    uploads: Uploads
    storage: Storage
    voices: VoiceTable
    erasure: Erasure
    in_flight: InFlight
    sweeper: Sweeper
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
