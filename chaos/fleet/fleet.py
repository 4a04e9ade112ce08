"""A whole fleet: bridges, functions, nginx before them, Supabase behind them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.fleet.nginx import Nginx
from chaos.fleet.ports import HOST, free_ports
from chaos.fleet.process import Process
from chaos.fleet.stack import Stack


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet that runs.

    Attributes:
        stack: Supabase.
        bridges: Replicas of `ws_bridge`.
        functions: Replicas of `edge_functions`.
        nginx: In front of both.
        uploads: Where the functions keep files while they work on them.
    """

    stack: Stack
    bridges: list[Process]
    functions: list[Process]
    nginx: Nginx
    uploads: Path

    @property
    def url(self) -> str:
        """The one address that clients know."""
        return self.nginx.url

    @property
    def replicas(self) -> list[Process]:
        """Bridges and functions."""
        return [*self.bridges, *self.functions]


@asynccontextmanager
async def fleet(
    folder: Path,
    provider_url: str,
    *,
    bridges: int = 3,
    functions: int = 2,
    front: Callable[[Stack], AbstractAsyncContextManager[str]] | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Fleet]:
    """Run a fleet for as long as the block runs; it is ready, and nothing of it stays behind.

    Args:
        folder: Empty; for data and logs.
        provider_url: Where the provider is.
        bridges: How many.
        functions: How many.
        front: Put before Supabase; gives the address that the services use.
        settings: Of the services, by the names of the environment.

    Raises:
        FleetError: It cannot be started; the message is for a person.
    """
    port, supabase_port, *ports = free_ports(2 + 2 * (bridges + functions))
    async with AsyncExitStack() as cleanup:
        stack = Stack(folder, supabase_port)
        cleanup.push_async_callback(stack.stop)
        await stack.start()
        # Everyone here has the same address.
        await stack.query(
            "update ledger.plan_limits set sessions = 10000, seconds = 1000000"
            " where plan = 'anonymous_address'"
        )
        url = await cleanup.enter_async_context(front(stack)) if front else stack.url
        uploads = folder / "uploads"
        uploads.mkdir()
        publishable, secret = stack.keys
        environment = {
            "SUPABASE_URL": url,
            "SUPABASE_JWT_ISSUER": stack.issuer,
            "SUPABASE_PUBLISHABLE_KEY": publishable,
            "SUPABASE_SECRET_KEY": secret,
            "ALLOWED_ORIGINS": f"http://{HOST}:{port}",
            "MISTRAL_API_KEY": "local",
            "MISTRAL_SERVER_URL": provider_url,
            "TRUSTED_PROXY_HOPS": "1",
            "FUNCTIONS_UPLOAD_DIR": str(uploads),
            **(settings or {}),
        }
        replicas = [
            _replica(kind, number, environment, folder, (ports.pop(), ports.pop()))
            for kind, count in (("bridge", bridges), ("functions", functions))
            for number in range(1, count + 1)
        ]
        for process in replicas:
            cleanup.push_async_callback(process.end)
            await process.start()
        running = Fleet(
            stack,
            bridges=replicas[:bridges],
            functions=replicas[bridges:],
            nginx=Nginx(
                folder / "nginx",
                port,
                bridges=[process.port for process in replicas[:bridges]],
                functions=[process.port for process in replicas[bridges:]],
            ),
            uploads=uploads,
        )
        await asyncio.gather(*(process.ready() for process in replicas))
        await running.nginx.start()
        cleanup.push_async_callback(running.nginx.end)
        yield running


def _replica(
    kind: str, number: int, environment: Mapping[str, str], folder: Path, ports: tuple[int, int]
) -> Process:
    port, metrics_port = ports
    own = {"HOST": HOST, "PORT": str(port), "METRICS_PORT": str(metrics_port)}
    return Process(
        f"{kind}-{number}",
        {"bridge": "ws_bridge", "functions": "edge_functions"}[kind],
        environment={**environment, **{f"{kind.upper()}_{name}": own[name] for name in own}},
        folder=folder,
        port=port,
        metrics_port=metrics_port,
    )
