"""The whole stack, put together and taken apart in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack.api_keys import ApiKeys
from local_stack.auth.routes import AuthRoutes
from local_stack.auth.tokens import AccessTokens
from local_stack.caller import Callers
from local_stack.data_dir import DataDir, write_private
from local_stack.gateway import create_app
from local_stack.serving import listen, serve
from local_stack.signing_keys import SigningKeys


@dataclass(frozen=True)
class Running:
    """A stack that accepts calls.

    Attributes:
        url: The public address, ``http://127.0.0.1:54321``.
        keys: The project's keys.
        data_dir: Where everything is kept.
    """

    url: str
    keys: ApiKeys
    data_dir: DataDir


@asynccontextmanager
async def run(
    data_dir: Path, *, host: str = "127.0.0.1", port: int = 54321
) -> AsyncIterator[Running]:
    """The gateway, from nothing to accepting; ended when the block ends.

    Args:
        data_dir: What is kept between runs; made at the first.
        host: A loopback address.
        port: 0 takes a free one.

    Raises:
        StackError: It cannot start; the message is one line for a person.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listen("the Supabase gateway", host, port))
        data = DataDir(data_dir)
        stack.enter_context(data.locked())
        keys = ApiKeys.load(data.api_keys)
        signing_keys = SigningKeys(data.signing_keys)
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        callers = Callers(keys, signing_keys)
        auth = AuthRoutes(callers, signing_keys, AccessTokens(signing_keys, f"{url}/auth/v1"))
        await stack.enter_async_context(serve(create_app([auth.mount()]), listener))
        yield Running(url, keys, data)


def write_env(running: Running, provider_url: str) -> Path:
    """The file that services of the project are started with.

    Returns:
        Its path: ``NAME=value`` lines, readable by their owner alone.
    """
    values = {
        "SUPABASE_URL": running.url,
        "SUPABASE_PUBLISHABLE_KEY": running.keys.publishable,
        "SUPABASE_SECRET_KEY": running.keys.secret,
        "MISTRAL_API_KEY": "local",
        "MISTRAL_SERVER_URL": provider_url,
    }
    path = running.data_dir.env
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))
    return path
