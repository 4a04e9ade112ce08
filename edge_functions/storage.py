"""The bucket of recordings.

Reading goes by the caller's own token, so that row level security decides. The secret key writes
and removes the recordings of voices, and sweeps.
"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
from storage3 import AsyncStorageClient

from edge_functions.caller import Caller
from edge_functions.supabase_access import (
    Access,
    SupabaseUnavailable,
    of_storage,
    storage_errors,
)
from edge_functions.uploads import Upload
from transcription.errors import Forbidden, NotFound
from transcription.settings import Settings

BUCKET: Final = "reference-audio"
TRANSFER_SECONDS: Final = 120.0
"""For a whole recording, one way."""
REMOVED_AT_ONCE: Final = 100
_BELOW_THE_USER: Final = re.compile(r"(?:/[A-Za-z0-9][A-Za-z0-9._-]*){2}")
"""A folder and a file, as the bucket's policies let them be named."""


class Storage:
    """Recordings of all users.

    Args:
        settings: With Supabase's addresses and keys.
        http: Client to ask with; the caller owns it.
    """

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._url = f"{settings.supabase_url}/storage/v1"
        self._public_url = f"{settings.public_supabase_url}/storage/v1"
        self._access = Access(settings)
        self._http = http

    async def download(self, path: str, caller: Caller, upload: Upload) -> None:
        """Fetch a recording of the caller's own, with the caller's own token.

        Args:
            path: `<user id>/<folder>/<file>`.
            caller: Whose it must be.
            upload: Where it is written; finished when this returns.

        Raises:
            Forbidden: the path is another user's, or leads out of the folder.
            NotFound: there is no such recording.
            PayloadTooLarge: it is larger than a file may be.
            SupabaseUnavailable: it cannot be fetched now.
        """
        check_own(path, caller)
        address = f"{self._url}/object/authenticated/{BUCKET}/{path}"
        headers = {**self._access.as_caller(caller), "Accept-Encoding": "identity"}
        with storage_errors(caller):
            try:
                async with (
                    asyncio.timeout(TRANSFER_SECONDS),
                    self._http.stream("GET", address, headers=headers) as response,
                ):
                    if response.status_code != 200:
                        await response.aread()
                        raise of_storage(_true_status(response), caller)
                    async for piece in response.aiter_bytes():
                        await upload.write(piece)
                    await upload.finish()
            except TimeoutError:
                raise SupabaseUnavailable from None

    async def upload(self, path: str, file: Path, mime_type: str) -> None:
        """Store a recording; what has the same name is replaced.

        Raises:
            SupabaseUnavailable: it is not stored, or that is unknown.
            TranscriptionError: storage does not take it.
        """
        with storage_errors(), await asyncio.to_thread(file.open, "rb") as content:
            try:
                async with asyncio.timeout(TRANSFER_SECONDS):
                    await self._bucket(self._access.as_service).upload(
                        path, content, {"content-type": mime_type, "upsert": "true"}
                    )
            except TimeoutError:
                raise SupabaseUnavailable from None

    async def remove(self, paths: Sequence[str]) -> None:
        """Remove recordings; those that are not there are none.

        Raises:
            SupabaseUnavailable: some are not removed.
        """
        bucket = self._bucket(self._access.as_service)
        for start in range(0, len(paths), REMOVED_AT_ONCE):
            with storage_errors():
                await bucket.remove(list(paths[start : start + REMOVED_AT_ONCE]))

    async def sign(self, path: str, caller: Caller, *, seconds: int) -> str:
        """Return an address where a recording of the caller's own can be fetched for a while.

        Raises:
            NotFound: there is no such recording.
            SupabaseUnavailable: storage does not answer.
        """
        bucket = self._bucket(self._access.as_caller(caller))
        with storage_errors(caller):
            signed: Any = await bucket.create_signed_url(path, seconds)
        return self._public_url + str(signed["signedURL"]).removeprefix(self._url)

    def _bucket(self, headers: dict[str, str]) -> Any:
        # A client for each call: what it may do lies in its headers.
        client = AsyncStorageClient(f"{self._url}/", headers, http_client=self._http)
        return client.from_(BUCKET)


def check_own(path: str, caller: Caller) -> None:
    """Refuse a path that does not name a recording in the caller's own folder.

    Raises:
        Forbidden: it is another user's, or leads out of the folder.
        NotFound: nothing can have such a name.
    """
    owner, slash, below = path.partition("/")
    if owner != caller.user.id or {".", ".."} & set(path.split("/")):
        raise Forbidden("That is not a recording of yours.")
    if not _BELOW_THE_USER.fullmatch(slash + below):
        raise NotFound("There is no such recording of yours.")


def _true_status(response: httpx.Response) -> str:
    """Return the status in a refusal's body, else that of HTTP."""
    try:
        told = response.json()
    except ValueError:
        told = None
    status = told.get("statusCode") if isinstance(told, dict) else None
    return str(status or response.status_code)
