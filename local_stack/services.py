"""Auth, REST and storage over one database, behind one address."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from local_stack.api_keys import ApiKeys
from local_stack.auth.passwords import Passwords
from local_stack.auth.routes import AuthRoutes
from local_stack.auth.tokens import AccessTokens
from local_stack.caller import Callers
from local_stack.data_dir import DataDir
from local_stack.gateway import create_app
from local_stack.pools import open_pool
from local_stack.project import Project
from local_stack.rest.routes import RestRoutes
from local_stack.serving import serve, url_of
from local_stack.signing_keys import SigningKeys
from local_stack.storage.blobs import Blobs
from local_stack.storage.routes import StorageRoutes
from local_stack.storage.service import Storage
from local_stack.storage.signatures import Signatures


@dataclass(frozen=True)
class Supabase:
    """Services that accept calls.

    Attributes:
        url: The public address, as `http://127.0.0.1:54321`.
        keys: The project's keys.
    """

    url: str
    keys: ApiKeys


@asynccontextmanager
async def serve_supabase(
    listener: socket.socket,
    data_dir: DataDir,
    dsn_of: Callable[[str], str],
    project: Project | None = None,
    passwords: Passwords | None = None,
) -> AsyncIterator[Supabase]:
    """Serve until the block ends.

    Args:
        listener: Bound to a loopback address.
        data_dir: Where keys and files are kept; held by the caller.
        dsn_of: Gives the connection string of a login role.
        project: Settings.
        passwords: Hashes those of people; None: as dearly as OWASP recommends.
    """
    project = project or Project()
    keys = ApiKeys.load(data_dir.api_keys)
    signing_keys = SigningKeys(data_dir.signing_keys)
    callers = Callers(keys, signing_keys)
    url = url_of(listener)
    tokens = AccessTokens(signing_keys, f"{url}/auth/v1", lifetime=project.token_seconds)
    async with AsyncExitStack() as stack:
        auth, rest, files = [
            await stack.enter_async_context(open_pool(dsn_of(role)))
            for role in ("supabase_auth_admin", "authenticator", "supabase_storage_admin")
        ]
        storage = Storage(files, Blobs(data_dir.storage), largest_file=project.largest_file)
        await storage.sweep()
        files_routes = StorageRoutes(storage, callers, Signatures(keys.url_signing))
        stack.push_async_callback(files_routes.resumable.aclose)
        app = create_app(
            [
                AuthRoutes(
                    auth,
                    callers,
                    signing_keys,
                    tokens,
                    project=project,
                    passwords=passwords or Passwords(),
                ).mount(),
                RestRoutes(rest, callers, max_rows=project.max_rows).mount(),
                files_routes.mount(),
            ]
        )
        await stack.enter_async_context(serve(app, listener))
        yield Supabase(url, keys)
