"""Rows of `storage.buckets` and `storage.objects`; who may do what is for the policies to say."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from local_stack.pools import Connection

INSERT = """
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata)
values (%(bucket)s, %(name)s, %(owner)s::uuid, %(owner)s, %(version)s, %(metadata)s)
"""
OVER = """
on conflict (bucket_id, name) do update set version = excluded.version, owner = excluded.owner,
  owner_id = excluded.owner_id, metadata = excluded.metadata, updated_at = now()
"""
# One level of a folder: what goes on beyond a slash is a folder, told once and without a row.
LIST = """
with below as (
  select *, substr(name, length(%(folder)s) + 1) as rest
  from storage.objects where bucket_id = %(bucket)s and starts_with(name, %(folder)s)
)
select * from (
  select split_part(rest, '/', 1) as name, null::uuid as id, null::timestamptz as updated_at,
    null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
  from below where strpos(rest, '/') > 0 group by 1
  union all
  select rest, id, updated_at, created_at, last_accessed_at, metadata
  from below where strpos(rest, '/') = 0
) as entry
order by name limit %(limit)s
"""
MOST_LISTED = 100


@dataclass(frozen=True)
class Place:
    """Where an object is.

    Attributes:
        bucket: Id of the bucket.
        name: Of the object, with its folders.
    """

    bucket: str
    name: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.name}"


@dataclass(frozen=True)
class Content:
    """What an object holds.

    Attributes:
        version: Of the blob.
        metadata: As Supabase keeps it: size, media type, etag.
    """

    version: str
    metadata: dict[str, Any] | None = None


async def find_bucket(connection: Connection, bucket: str) -> DictRow | None:
    """A bucket, with its limits."""
    found = await connection.execute("select * from storage.buckets where id = %s", [bucket])
    return await found.fetchone()


async def find(connection: Connection, place: Place) -> DictRow | None:
    """An object, if the connection's role may see it."""
    found = await connection.execute(
        "select * from storage.objects where bucket_id = %s and name = %s",
        [place.bucket, place.name],
    )
    return await found.fetchone()


async def try_write(connection: Connection, place: Place, owner: str | None, *, over: bool) -> None:
    """Find out whether the connection's role may write an object; nothing stays written.

    Args:
        connection: Acting as the caller.
        place: Where to.
        owner: The caller's user id.
        over: Whether an object may be there already.

    Raises:
        psycopg.Error: It may not, or the place is taken.
    """
    async with connection.transaction(force_rollback=True):
        await connection.execute(
            INSERT + (OVER if over else ""), _row(place, owner, Content(version="1"))
        )


async def write(
    connection: Connection, place: Place, owner: str | None, content: Content, *, over: bool
) -> tuple[str, str | None]:
    """Write an object.

    Returns:
        Its id, and the version that it had before.

    Raises:
        psycopg.Error: The place was taken meanwhile.
    """
    found = await connection.execute(
        "select version from storage.objects where bucket_id = %s and name = %s for update",
        [place.bucket, place.name],
    )
    before = await found.fetchone()
    found = await connection.execute(
        INSERT + (OVER if over else "") + " returning id", _row(place, owner, content)
    )
    row = await found.fetchone()
    if row is None:
        raise LookupError("an insert returned no row")
    return str(row["id"]), before["version"] if before else None


async def remove(connection: Connection, bucket: str, names: list[str]) -> list[DictRow]:
    """Take away the objects that the connection's role may; their rows."""
    await connection.execute("select set_config('storage.allow_delete_query', 'true', true)")
    found = await connection.execute(
        "delete from storage.objects where bucket_id = %s and name = any(%s) returning *",
        [bucket, names],
    )
    return await found.fetchall()


async def list_folder(connection: Connection, bucket: str, folder: str) -> list[DictRow]:
    """The first entries of a folder that the connection's role may see; folders have no id.

    Args:
        connection: Acting as the caller.
        bucket: Its id.
        folder: Empty, or ending in a slash.
    """
    wanted = {"bucket": bucket, "folder": folder, "limit": MOST_LISTED}
    return await (await connection.execute(LIST, wanted)).fetchall()


async def versions(connection: Connection) -> set[str]:
    """The versions of all objects."""
    found = await connection.execute("select version from storage.objects")
    return {row["version"] for row in await found.fetchall()}


def _row(place: Place, owner: str | None, content: Content) -> dict[str, Any]:
    return {
        "bucket": place.bucket,
        "name": place.name,
        "owner": owner,
        "version": content.version,
        "metadata": None if content.metadata is None else Jsonb(content.metadata),
    }
