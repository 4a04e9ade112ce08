"""The table of voices: written with the secret key, read with the caller's own token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import httpx
from postgrest import AsyncPostgrestClient
from pydantic import BaseModel, TypeAdapter

from edge_functions.caller import Caller
from edge_functions.supabase_access import Access, database_errors
from shared_schema.voices import SettledBy, TranscriptSource, VoiceMatch
from transcription.settings import Settings

_TABLE: Final = "voices"


class ListedVoice(BaseModel):
    """What a list shows of a voice: its texts are long, and there may be many."""

    id: UUID
    name: str
    language: str
    duration_seconds: float
    created_at: datetime


class VoiceRow(ListedVoice):
    """One voice, as it is kept."""

    status: Literal["pending", "ready"]
    transcript: str
    transcript_source: TranscriptSource
    machine_transcript: str | None
    settled_by: SettledBy | None
    window_start_ms: int | None
    match: VoiceMatch | None
    consent: bool
    storage_path: str


_listed: TypeAdapter[list[ListedVoice]] = TypeAdapter(list[ListedVoice])
_rows: TypeAdapter[list[VoiceRow]] = TypeAdapter(list[VoiceRow])


class VoiceTable:
    """Voices of all users.

    Args:
        settings: With Supabase's address and keys.
        http: Client to ask with; the caller owns it.
    """

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._url = f"{settings.supabase_url}/rest/v1"
        self._access = Access(settings)
        self._http = http

    async def insert(self, row: dict[str, Any]) -> None:
        """Add a voice.

        Raises:
            Unauthenticated: its owner's account is gone.
            InvalidMessage: a value does not fit.
            SupabaseUnavailable: it is not added, or that is unknown.
        """
        with database_errors():
            await self._as_service().insert(row).execute()

    async def change(self, voice_id: str, **values: str) -> VoiceRow | None:
        """Change columns of a voice; None where the voice is gone.

        Raises:
            SupabaseUnavailable: it is unknown whether they are changed.
        """
        with database_errors():
            query = self._as_service().update(values).eq("id", voice_id)
            return _first((await query.execute()).data)

    async def delete(self, voice_id: str) -> None:
        """Remove a voice.

        Raises:
            SupabaseUnavailable: it is unknown whether it is removed.
        """
        with database_errors():
            await self._as_service().delete().eq("id", voice_id).execute()

    async def delete_pending(self, voice_ids: Sequence[str]) -> None:
        """Remove those of some voices that are still without a recording.

        Raises:
            SupabaseUnavailable: it is unknown whether they are removed.
        """
        with database_errors():
            query = self._as_service().delete().in_("id", list(voice_ids)).eq("status", "pending")
            await query.execute()

    async def of(
        self, caller: Caller, *, limit: int, before: str | None = None
    ) -> list[ListedVoice]:
        """Return the caller's voices, newest first.

        Args:
            caller: Whose.
            limit: Most voices.
            before: Only those made before this moment, RFC 3339; no two voices of a user have the
                same.

        Raises:
            SupabaseUnavailable: they cannot be read now.
        """
        with database_errors():
            columns = ",".join(ListedVoice.model_fields)
            query = self._as_caller(caller).select(columns).eq("status", "ready")
            if before is not None:
                query = query.lt("created_at", before)
            found = await query.order("created_at", desc=True).limit(limit).execute()
        return _listed.validate_python(found.data)

    async def find(self, voice_id: str, caller: Caller) -> VoiceRow | None:
        """Return a voice of the caller's own.

        Raises:
            SupabaseUnavailable: it cannot be read now.
        """
        with database_errors():
            found = await self._as_caller(caller).select("*").eq("id", voice_id).execute()
        return _first(found.data)

    def _as_service(self) -> Any:
        return self._table(self._access.as_service)

    def _as_caller(self, caller: Caller) -> Any:
        return self._table(self._access.as_caller(caller))

    def _table(self, headers: dict[str, str]) -> Any:
        client = AsyncPostgrestClient(
            self._url, headers=headers, http_client=self._http, retry_enabled=False
        )
        return client.from_(_TABLE)


def _first(data: object) -> VoiceRow | None:
    rows = _rows.validate_python(data)
    return rows[0] if rows else None
