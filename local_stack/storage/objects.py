"""Rows of `storage.buckets` and `storage.objects`; who may do what is for the policies to say."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from local_stack.caller import Caller
from local_stack.pools import Connection

INSERT = """
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
values (%(bucket)s, %(name)s, %(owner)s::uuid, %(owner)s, %(version)s, %(metadata)s,
        %(user_metadata)s)
"""
OVER = """
on conflict (bucket_id, name) do update set version = excluded.version, owner = excluded.owner,
  owner_id = excluded.owner_id, metadata = excluded.metadata,
  user_metadata = excluded.user_metadata, updated_at = now()
"""
# A service that moves an object leaves it to its owner.
MOVE = """
update storage.objects set bucket_id = %(to_bucket)s, name = %(to_name)s, updated_at = now(),
  owner = coalesce(%(owner)s::text::uuid, owner), owner_id = coalesce(%(owner)s::text, owner_id)
where bucket_id = %(bucket)s and name = %(name)s returning id
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
where starts_with(lower(name), lower(%(search)s))
order by {column} {way} nulls first, name
limit %(limit)s offset %(offset)s
"""
SORT_COLUMNS = ("name", "updated_at", "created_at", "last_accessed_at")


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
class Listing:
    """Which entries of a folder to tell.

    Attributes:
        bucket: Id of the bucket.
        folder: Empty, or ending in a slash.
        search: What an entry's name begins with, in any case.
        column: To sort by, one of :data:`SORT_COLUMNS`.
        descending: Whether the greatest comes first.
        limit: Entries at most.
        offset: Entries to pass over.
    """

    bucket: str
    folder: str = ""
    search: str = ""
    column: str = "name"
    descending: bool = False
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True)
class Content:
    """What an object holds.

    Attributes:
        version: Of the blob.
        metadata: As Supabase keeps it: size, media type, etag.
        user_metadata: The client's own.
    """

    version: str
    metadata: dict[str, Any] | None = None
    user_metadata: dict[str, Any] | None = None


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


async def move(connection: Connection, source: Place, target: Place, caller: Caller) -> str | None:
    """Give an object another name.

    Returns:
        Its id; ``None`` when there is none that the connection's role may change.
    """
    found = await connection.execute(
        MOVE,
        {
            "bucket": source.bucket,
            "name": source.name,
            "to_bucket": target.bucket,
            "to_name": target.name,
            "owner": caller.subject,
        },
    )
    row = await found.fetchone()
    return str(row["id"]) if row else None


async def remove(connection: Connection, bucket: str, names: list[str]) -> list[DictRow]:
    """Take away the objects that the connection's role may; their rows."""
    await connection.execute("select set_config('storage.allow_delete_query', 'true', true)")
    found = await connection.execute(
        "delete from storage.objects where bucket_id = %s and name = any(%s) returning *",
        [bucket, names],
    )
    return await found.fetchall()


async def list_folder(connection: Connection, listing: Listing) -> list[DictRow]:
    """The entries of a folder that the connection's role may see; folders have no id."""
    statement = SQL(LIST).format(
        column=Identifier(listing.column), way=SQL("desc" if listing.descending else "asc")
    )
    found = await connection.execute(statement, vars(listing))
    return await found.fetchall()


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
        "user_metadata": None if content.user_metadata is None else Jsonb(content.user_metadata),
    }
