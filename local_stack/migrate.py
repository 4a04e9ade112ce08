"""A folder of SQL migrations, applied once each and in order, as `supabase migration up` does."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from local_stack.errors import MigrationError

FILE_NAME = re.compile(r"(?P<version>\d+)_(?P<name>.+)\.sql")

# The table that Supabase's CLI keeps; a whole file stands in it as one statement.
HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key,
  statements text[],
  name text
);
"""


@dataclass(frozen=True)
class Migration:
    """One file: its name, the two parts of it, and the SQL inside."""

    file: str
    version: str
    name: str
    script: str


def read(folder: Path) -> list[Migration]:
    """The migrations of a folder in their order; no folder, no migrations.

    Raises:
        MigrationError: A file is misnamed, or shares its version with another.
    """
    migrations: dict[str, Migration] = {}
    for file in sorted(folder.glob("*.sql")):
        named = FILE_NAME.fullmatch(file.name)
        if named is None:
            raise MigrationError(file.name, "it is not named <version>_<name>.sql")
        version = named["version"]
        if version in migrations:
            raise MigrationError(file.name, f"{migrations[version].file} has the same version")
        migrations[version] = Migration(file.name, version, named["name"], file.read_text())
    return [migrations[version] for version in sorted(migrations)]


async def apply(dsn: str, folder: Path) -> list[str]:
    """Apply what is new in a folder; each file in a transaction of its own.

    Args:
        dsn: The database, as the role that shall own what the migrations make.
        folder: Holds files named ``<version>_<name>.sql``; other endings are passed over.

    Returns:
        The names of the files that were applied.

    Raises:
        MigrationError: A file is misnamed, was changed after it was applied, or was refused.
    """
    migrations = await asyncio.to_thread(read, folder)
    applied = []
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(HISTORY)
        found = await connection.execute(
            "select version, statements from supabase_migrations.schema_migrations"
        )
        history: dict[str, list[str]] = dict(await found.fetchall())
        for migration in migrations:
            before = history.get(migration.version)
            if before is None:
                await _run(connection, migration)
                applied.append(migration.file)
            elif before != [migration.script]:
                raise MigrationError(
                    migration.file,
                    "it was changed after it was applied here; `reset` clears the local data",
                )
    return applied


async def bring_up(dsn: str, folder: Path, seed: Path) -> None:
    """Apply what is new; a database that was empty before is seeded, as `supabase start` does.

    Args:
        dsn: As for :func:`apply`.
        folder: As for :func:`apply`.
        seed: A file of SQL; none, no seed.

    Raises:
        MigrationError: See :func:`apply`; or the seed was refused.
    """
    applied = await apply(dsn, folder)
    script = await asyncio.to_thread(_read_seed, seed)
    if script and applied and len(applied) == len(await asyncio.to_thread(read, folder)):
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            await _execute(connection, seed.name, script)


def _read_seed(seed: Path) -> str:
    return seed.read_text() if seed.exists() else ""


async def _run(connection: psycopg.AsyncConnection[Any], migration: Migration) -> None:
    async with connection.transaction():
        await _execute(connection, migration.file, migration.script)
        await connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements)"
            " values (%s, %s, %s)",
            [migration.version, migration.name, [migration.script]],
        )


async def _execute(connection: psycopg.AsyncConnection[Any], file: str, script: str) -> None:
    try:
        await connection.execute(script.encode())
    except psycopg.Error as error:
        raise MigrationError(file, _explain(error, script)) from error


def _explain(error: psycopg.Error, script: str) -> str:
    """What Postgres said, and on which line of the file."""
    position = error.diag.statement_position  # characters, from 1
    line = f" (line {script.count(chr(10), 0, int(position) - 1) + 1})" if position else ""
    return f"{error.diag.message_primary or error}{line}"
