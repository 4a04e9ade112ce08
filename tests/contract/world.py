"""Every service that serves the contract, beside the same Supabase and the same provider."""

import json
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local_stack.postgres import Postgres
from tests.contract.deno import serving_deno
from tests.contract.relay import Relay, relaying
from tests.edge_functions.world import KEY, ORIGIN, Neighbours, beside, neighbours, signed_in
from tests.local_stack.world import Person
from tests.waiting import until

TARGETS = ("fastapi", "deno")
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
"""In the key set of the project, as `rsa`."""
PROVIDER_SECONDS = 4
"""How long the provider may take in these tests."""

_DENO_NAMES = {"supabase_jwt_secret": "jwt_secret"}
"""Where a secret's name may not begin as the platform's own do."""


def target_of(case: str) -> str | None:
    """Return the target that a test's id names, wherever in its parameters."""
    found = re.search(rf"[\[-]({'|'.join(TARGETS)})[\]-]", case)
    return found[1] if found else None


@dataclass(kw_only=True)
class Target(Neighbours):
    """A service under test, from the outside.

    Attributes:
        name: One of `TARGETS`.
        http: Nobody signed in.
        relay: The service's way to Supabase.
        log: What it has logged so far, if that is in reach.
        pid: Of its process.
        files: The uploads that lie on its disk, if it has one.
    """

    name: str
    http: httpx.AsyncClient
    relay: Relay
    log: Callable[[], list[str]]
    pid: int
    files: Callable[[], list[str]]

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.http.base_url.port or 0

    @asynccontextmanager
    async def signed_in(self, person: Person) -> AsyncIterator[httpx.AsyncClient]:
        """Open a client with a person's token."""
        async with signed_in(self.http, person) as client:
            yield client

    async def has_nothing_of(self, person: Person, *, objects: list[str] | None = None) -> None:
        """Wait until no file is left, and assert that no lease, voice or recording is."""
        await until(lambda: not self.files())
        await super().has_nothing_of(person, objects=objects)


@asynccontextmanager
async def targets(
    postgres: Postgres, folder: Path, **settings: Any
) -> AsyncIterator[Mapping[str, Target]]:
    """Run every service; `settings` are names and values that all of them know."""
    values = {"provider_file_seconds": PROVIDER_SECONDS, **settings}
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(neighbours(postgres, folder))
        relay = await stack.enter_async_context(relaying(near.stack.supabase.url))
        relay.keys.append(
            {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig"}
        )
        fastapi = await stack.enter_async_context(
            beside(
                near,
                folder,
                supabase_url=relay.url,
                supabase_public_url=near.stack.supabase.url,
                **values,
            )
        )
        deno = await stack.enter_async_context(serving_deno(_environment(near, relay, values)))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=deno.url, timeout=20))

        parts = {"stack": near.stack, "engine": near.engine, "provider": near.provider}
        everywhere: Any = {**parts, "refused_keys": near.refused_keys, "relay": relay}
        yield {
            "fastapi": Target(
                name="fastapi",
                http=fastapi.http,
                log=list,
                pid=os.getpid(),
                files=fastapi.files,
                **everywhere,
            ),
            "deno": Target(
                name="deno",
                http=http,
                log=lambda: deno.lines,
                pid=deno.process.pid,
                files=list,
                **everywhere,
            ),
        }


def _environment(near: Neighbours, relay: Relay, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the platform gives a function, and the project's secrets."""
    keys = near.stack.supabase.keys
    given = {
        "supabase_url": relay.url,
        "supabase_publishable_keys": json.dumps({"default": keys.publishable}),
        "supabase_secret_keys": json.dumps({"default": keys.secret}),
        "public_supabase_url": near.stack.supabase.url,
        "mistral_api_key": KEY,
        "mistral_server_url": near.provider.url,
        "allowed_origins": ORIGIN,
        **settings,
    }
    return {
        _DENO_NAMES.get(name, name).upper(): str(one)
        for name, one in given.items()
        if one is not None
    }
