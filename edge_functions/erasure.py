"""Erasing a user: voices, recordings, keys, account. What was used stays, without its owner."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx
import structlog

from edge_functions.storage import Storage
from edge_functions.supabase_access import Access, SupabaseUnavailable
from transcription.rpc import Rpc
from transcription.settings import Settings

_ROUNDS: Final = 3
"""What is stored while the user is being erased is met by the next round."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Erased:
    """How much there was."""

    voices: int = 0
    recordings: int = 0
    usage_rows: int = 0
    """Kept, without their owner."""
    revoked_sessions: int = 0
    """Ended because they were open."""
    accounts: int = 0
    """1, or 0 if there was none."""


class Erasure:
    """Erases users, one at a time. To erase twice is harmless, and ends what broke off.

    Args:
        settings: With Supabase's address and keys.
        rpc: With the secret key.
        storage: Where recordings are.
        http: Client for the account itself; the caller owns it.
    """

    def __init__(
        self, settings: Settings, *, rpc: Rpc, storage: Storage, http: httpx.AsyncClient
    ) -> None:
        self._users = f"{settings.supabase_url}/auth/v1/admin/users"
        self._access = Access(settings)
        self._rpc = rpc
        self._storage = storage
        self._http = http

    async def erase(self, user_id: UUID) -> Erased:
        """Erase a user. The account goes last, so that its owner can ask again after a failure.

        Raises:
            BackendUnavailable: something may be left; erase again.
        """
        erased = Erased()
        for _ in range(_ROUNDS):
            answer = await self._rpc.call("erase_user", user_id=str(user_id))
            erased.voices += answer["voices"]
            erased.usage_rows += answer["usage_rows"]
            erased.revoked_sessions += answer["revoked_sessions"]
            recordings = answer["objects"]
            if not recordings:
                break
            await self._storage.remove(recordings)
            erased.recordings += len(recordings)
        erased.accounts = int(await self._delete_account(user_id))
        _log.info("user_erased", user_id=str(user_id), voices=erased.voices)
        return erased

    async def _delete_account(self, user_id: UUID) -> bool:
        """Delete the account, and return whether there was one."""
        try:
            response = await self._http.delete(
                f"{self._users}/{user_id}", headers=self._access.as_service
            )
        except httpx.HTTPError as error:
            _log.warning("account_not_deleted", error=type(error).__name__)
            raise SupabaseUnavailable from None
        if not response.is_success and response.status_code != httpx.codes.NOT_FOUND:
            _log.error("account_not_deleted", status=response.status_code)
            raise SupabaseUnavailable
        return response.is_success
