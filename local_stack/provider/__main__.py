"""`python -m local_stack.provider`: a provider's wire alone, for a terminal or a test."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
import sys
from collections.abc import Sequence

import uvloop
from pydantic import ValidationError

from local_stack.provider.engine import Engine
from local_stack.provider.names import WIRES, Named
from local_stack.provider.script import SCRIPTS, load_scripts
from local_stack.provider.scripted import ScriptedEngine
from local_stack.provider.server import serve
from local_stack.provider.sphinx import SphinxEngine

DEFAULT_PORT = 54_330


async def run(engine: Engine, named: Named, host: str, port: int) -> None:
    """Serve a wire until SIGINT or SIGTERM, saying once where.

    Raises:
        OSError: The port cannot be listened on.
        RuntimeError: The engine cannot be used here.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    wire = named.wire()
    async with serve(engine, host=host, port=port, record="none", wire=wire) as server:
        print(f"provider ready at {server.url}", flush=True)
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; 1 when that is impossible, after one line why."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.script is not None and options.engine == "sphinx":
        parser.error("--script is for --engine scripted")
    try:
        named = WIRES[options.wire]
        uvloop.run(run(_engine(options, named), named, options.host, options.port))
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


def _engine(options: argparse.Namespace, named: Named) -> Engine:
    if options.script is not None:
        return ScriptedEngine(load_scripts(options.script), cards=named.cards)
    if options.engine == "scripted":
        return ScriptedEngine(cards=named.cards)
    return SphinxEngine(cards=named.cards)


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(sorted(path.stem for path in SCRIPTS.glob("*.toml")))
    parser = argparse.ArgumentParser(
        prog="python -m local_stack.provider",
        description="A provider's transcription wire on loopback, batch and realtime.",
    )
    parser.add_argument("--wire", choices=sorted(WIRES), default="mistral")
    parser.add_argument(
        "--engine",
        choices=("sphinx", "scripted"),
        help="sphinx recognises English offline and is the default; scripted says what it is told",
    )
    parser.add_argument(
        "--script",
        metavar="FILE|NAME",
        help=f"a .toml or .json file, or one of: {names}; means --engine scripted",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0 takes a free one")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is no TCP port")
    return port


def _fail(text: str) -> int:
    print(f"provider: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
