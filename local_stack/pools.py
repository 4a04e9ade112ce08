"""Connections to Postgres, one bounded pool for each service."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

MAX_CONNECTIONS = 10
WAIT_SECONDS = 10.0

# What it says of a database that is gone is said once, by the stack.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]


@asynccontextmanager
async def open_pool(dsn: str) -> AsyncIterator[Pool]:
    """A pool whose every `connection()` block is one transaction.

    Args:
        dsn: Where to connect, with role and password.

    Raises:
        psycopg_pool.PoolTimeout: By `connection()`, when none came free in time.
    """
    pool: Pool = AsyncConnectionPool(
        dsn,
        kwargs={"row_factory": dict_row},
        min_size=1,
        max_size=MAX_CONNECTIONS,
        timeout=WAIT_SECONDS,
        open=False,
    )
    async with pool:
        yield pool
