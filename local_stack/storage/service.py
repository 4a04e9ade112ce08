"""What can be done with objects: rows under policies, and the bytes that belong to them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow

from local_stack.acting import act_as
from local_stack.caller import Caller
from local_stack.pools import Connection, Pool
from local_stack.storage import objects
from local_stack.storage.blobs import Blobs, Draft
from local_stack.storage.errors import StorageError
from local_stack.storage.objects import Content, Place
from local_stack.storage.uploads import Described, Limits

READ_ATTEMPTS = 3

Body = Callable[[Limits, Draft], Awaitable[Described]]


class Storage:
    """Objects of one database and their blobs.

    Wherever a caller is ``None``, a signature has spoken for the request and policies do not.
    """

    def __init__(self, pool: Pool, blobs: Blobs, *, largest_file: int) -> None:
        self._pool = pool
        self._blobs = blobs
        self._largest_file = largest_file

    async def sweep(self) -> None:
        """Remove the bytes that a crash left. Nothing may be writing."""
        async with self._acting(None) as connection:
            known = await objects.versions(connection)
        await asyncio.to_thread(self._blobs.sweep, known)

    async def upload(self, caller: Caller, place: Place, body: Body, *, over: bool) -> str:
        """Store an object, refused before its bytes are read where that can be known.

        Args:
            caller: Whose rights count, and whose it is then.
            place: Where to.
            body: Writes the bytes to a draft, within limits.
            over: Whether it may replace an object.

        Returns:
            The object's id.
        """
        limits = await self.limits(place.bucket)
        await self.may_write(caller, place, over=over)
        async with self.draft() as draft:
            described = await body(limits, draft)
            return await self.commit(draft, place, caller.subject, described, over=over)

    async def limits(self, bucket: str) -> Limits:
        """What a bucket takes."""
        async with self._acting(None) as connection:
            found = await objects.find_bucket(connection, bucket)
        if found is None:
            raise StorageError.bucket_not_found()
        return Limits.of(found, self._largest_file)

    def draft(self) -> AbstractAsyncContextManager[Draft]:
        """Room for the bytes of an object; nothing of it stays unless it is committed."""
        return self._blobs.draft()

    async def commit(
        self, draft: Draft, place: Place, owner: str | None, described: Described, *, over: bool
    ) -> str:
        """Make an object of a draft, and remove the blob that it replaces; its id."""
        await draft.keep()
        content = Content(draft.version, _metadata(draft, described))
        try:
            async with self._acting(None) as connection:
                written = await objects.write(connection, place, owner, content, over=over)
        except StorageError:
            await self._blobs.remove([draft.version])
            raise
        object_id, before = written
        if before is not None:
            await self._blobs.remove([before])
        return object_id

    async def remove(self, caller: Caller, bucket: str, names: list[str]) -> list[DictRow]:
        """Take away those of some objects that the caller may; their rows."""
        async with self._acting(caller) as connection:
            rows = await objects.remove(connection, bucket, names)
        await self._blobs.remove([row["version"] for row in rows])
        return rows

    async def find(self, caller: Caller | None, place: Place) -> DictRow:
        """An object's row."""
        async with self._acting(caller) as connection:
            row = await objects.find(connection, place)
        if row is None:
            raise StorageError.object_not_found()
        return row

    async def find_with_blob(
        self, caller: Caller | None, place: Place
    ) -> tuple[DictRow, Path, os.stat_result]:
        """An object's row and its bytes; looked for again when they were replaced meanwhile."""
        for _ in range(READ_ATTEMPTS):
            row = await self.find(caller, place)
            path = self._blobs.path(row["version"])
            try:
                return row, path, await asyncio.to_thread(path.stat)
            except FileNotFoundError:
                continue
        raise StorageError.object_not_found()

    async def may_write(self, caller: Caller, place: Place, *, over: bool) -> None:
        """Refuse what the caller may not write, or what is there already."""
        async with self._acting(caller) as connection:
            await objects.try_write(connection, place, caller.subject, over=over)

    async def list(self, caller: Caller, bucket: str, folder: str) -> list[DictRow]:
        """One level of a folder, as far as the caller may see it."""
        async with self._acting(caller) as connection:
            return await objects.list_folder(connection, bucket, folder)

    @asynccontextmanager
    async def _acting(self, caller: Caller | None) -> AsyncIterator[Connection]:
        """A transaction in the caller's name; what Postgres refuses becomes an answer."""
        try:
            async with self._pool.connection() as connection:
                if caller is not None:
                    await act_as(connection, caller)
                yield connection
        except psycopg.Error as error:
            raise StorageError.from_postgres(error) from error


def _metadata(draft: Draft, described: Described) -> dict[str, Any]:
    return {
        "eTag": draft.etag,
        "size": draft.size,
        "mimetype": described.mime_type,
        "cacheControl": described.cache_control,
        "lastModified": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "contentLength": draft.size,
        "httpStatusCode": 200,
    }
