"""A file of SQL assertions, block by block: one that fails hides none of the others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from tests.database import Connection

_BLOCK = re.compile(r"^do \$\$$.*?^\$\$;$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^-- (?!psql )(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """Some statements; with a name, a block whose assertions are told."""

    sql: str
    name: str | None


def pieces(script: str) -> Iterator[Piece]:
    """Cut a file into its blocks, named by the comment before each, and what stands between."""
    at, name = 0, "the file"
    for number, block in enumerate(_BLOCK.finditer(script), 1):
        between = script[at : block.start()]
        yield Piece(between, None)
        name = (_COMMENT.findall(between) or [name])[-1]
        yield Piece(block.group(), f"{number} - {name}")
        at = block.end()
    yield Piece(script[at:], None)


async def run(connection: Connection, script: str) -> list[str]:
    """Run a file that begins and rolls back a transaction; return its report, as TAP has it."""
    report = []
    for piece in pieces(script):
        if piece.name is None:
            await connection.execute(piece.sql.encode())
            continue
        await connection.execute("savepoint block")
        try:
            await connection.execute(piece.sql.encode())
        except psycopg.Error as error:
            await connection.execute("rollback to savepoint block")
            report.append(f"not ok {piece.name}\n# {error.diag.message_primary or error}")
        else:
            report.append(f"ok {piece.name}")
    return [f"1..{len(report)}", *report]
