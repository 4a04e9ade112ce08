"""The whole stack, put together in order and taken apart in the reverse."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack import migrate
from local_stack.data_dir import DataDir, write_private
from local_stack.errors import PortBusyError, PostgresError, StackError
from local_stack.postgres import Postgres
from local_stack.project import Project
from local_stack.provider import serve as serve_provider
from local_stack.provider.engine import Engine
from local_stack.provider.names import WIRES, Named
from local_stack.services import Supabase, serve_supabase
from local_stack.serving import listen

SUPABASE = Path(__file__).parent.parent / "supabase"


@dataclass(frozen=True)
class Running:
    """A stack that accepts calls.

    Attributes:
        supabase: The gateway and its keys.
        provider_url: Where the provider is.
        postgres: The database.
    """

    supabase: Supabase
    provider_url: str
    postgres: Postgres

    async def watch(self) -> None:
        """Wait until a part of the stack has ended by itself.

        Raises:
            PostgresError: It has.
        """
        status = await self.postgres.ended()
        raise PostgresError(f"Postgres has ended by itself (exit status {status})")


@asynccontextmanager
async def run(
    data_dir: Path,
    engine: Engine,
    *,
    host: str = "127.0.0.1",
    port: int = 54321,
    provider_port: int = 54330,
    provider: Named = WIRES["mistral"],
    told: str = "",
    supabase: Path = SUPABASE,
) -> AsyncIterator[Running]:
    """Everything, from nothing to accepting; ended when the block ends.

    Args:
        data_dir: What is kept between runs; made at the first.
        engine: What hears.
        host: A loopback address.
        port: Of the gateway; 0 takes a free one.
        provider_port: Of the provider; 0 takes a free one.
        provider: Which provider's wire is spoken.
        told: What people are told of the engine.
        supabase: The project's folder, with `config.toml`, `migrations` and `seed.sql`.

    Raises:
        StackError: It cannot start; the message is one line for a person.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listen("the Supabase gateway", host, port))
        data = DataDir(data_dir)
        stack.enter_context(data.locked())
        serving = _provider(engine, provider, host, provider_port)
        provider_url = await stack.enter_async_context(serving)
        postgres = await stack.enter_async_context(Postgres.start(data.postgres))
        await migrate.bring_up(postgres.dsn, supabase / "migrations", supabase / "seed.sql")
        project = await asyncio.to_thread(Project.read, supabase / "config.toml")
        services = serve_supabase(listener, data, postgres.dsn_of, project)
        running = Running(await stack.enter_async_context(services), provider_url, postgres)
        write_env(data, running, provider, told)
        yield running


@asynccontextmanager
async def _provider(engine: Engine, named: Named, host: str, port: int) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        serving = serve_provider(engine, host=host, port=port, record="none", wire=named.wire())
        try:
            server = await stack.enter_async_context(serving)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortBusyError("the provider", host, port) from error
            raise
        except RuntimeError as error:
            raise StackError(f"the provider does not start: {error}") from error
        yield server.url


def write_env(data_dir: DataDir, running: Running, provider: Named, told: str) -> None:
    """Write the file that the project's services are started with: `NAME=value` lines."""
    values = {
        "SUPABASE_URL": running.supabase.url,
        "SUPABASE_PUBLISHABLE_KEY": running.supabase.keys.publishable,
        "SUPABASE_SECRET_KEY": running.supabase.keys.secret,
        **provider.settings(running.provider_url),
        "LOCAL_ENGINE": told,
    }
    write_private(data_dir.env, "".join(f"{name}={value}\n" for name, value in values.items()))
