"""`python -m local_stack.provider`: a provider's wire alone, for a terminal or a test."""

import argparse
import asyncio
import errno
import os
import signal
import sys
from collections.abc import Sequence

import uvloop
from pydantic import ValidationError

from local_stack.provider.choice import add_arguments, engine_of, port
from local_stack.provider.engine import Engine
from local_stack.provider.names import WIRES
from local_stack.provider.server import serve
from local_stack.provider.wire import Wire
from local_stack.serving import is_loopback

DEFAULT_PORT = 54_330
KEY = "LOCAL_PROVIDER_KEY"
"""The setting that holds the key that is asked for."""


async def run(engine: Engine, told: str, wire: Wire, host: str, port: int) -> None:
    """Serve a wire until SIGINT or SIGTERM, saying once where and with which engine.

    Raises:
        OSError: The port cannot be listened on.
        RuntimeError: The engine cannot be used here.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serve(engine, host=host, port=port, record="none", wire=wire) as server:
        print(f"provider ready at {server.url}", flush=True)
        if told:
            print(f"engine: {told}", flush=True)
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; 1 when that is impossible, after one line why."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.script is not None and options.engine not in (None, "scripted"):
        parser.error("--script is for --engine scripted")
    key = os.environ.get(KEY) or None
    if key is None and not is_loopback(options.host):
        return _fail(f"others reach {options.host}: set {KEY} to the key they must show")
    try:
        named = WIRES[options.wire]
        engine, told = engine_of(options, named)
        uvloop.run(run(engine, told, named.wire(key), options.host, options.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _fail(f"port {options.port} on {options.host} is taken; choose another: --port")
        return _fail(str(error))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        return _fail(f"{options.script}: {faults}")
    except (RuntimeError, ValueError) as error:
        return _fail(str(error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_stack.provider",
        description="A provider's transcription wire on loopback, batch and realtime.",
    )
    parser.add_argument("--wire", choices=sorted(WIRES), default="mistral")
    add_arguments(parser)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help=f"address to listen on; any but a loopback one needs {KEY}",
    )
    parser.add_argument("--port", type=port, default=DEFAULT_PORT, help="0 takes a free one")
    return parser


def _fail(text: str) -> int:
    print(f"provider: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
