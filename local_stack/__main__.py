"""`python -m local_stack`: a small Supabase and a provider on loopback, in one command."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.provider.choice import add_arguments, engine_of, port
from local_stack.provider.engine import Engine
from local_stack.provider.names import WIRES
from local_stack.signing_keys import SigningKeys
from local_stack.stack import run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".local"), help="kept between runs")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=port, default=54321, help="of the Supabase gateway")
    parser.add_argument("--provider-port", type=port, default=54330, help="of the provider")
    add_arguments(parser)
    parser.add_argument(
        "--wire",
        choices=sorted(WIRES),
        default="mistral",
        help="of which provider",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("reset", help="delete the data, unless a stack is running on it")
    rotate = commands.add_parser("rotate-keys", help="sign tokens with a new key from now on")
    rotate.add_argument("--revoke", action="store_true", help="and refuse those of the former keys")
    return parser


def _engine(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> tuple[Engine, str]:
    try:
        return engine_of(arguments, WIRES[arguments.wire])
    except RuntimeError as error:
        raise StackError(str(error)) from error
    except (OSError, ValueError) as error:
        parser.error(f"--script {arguments.script}: {error}")


async def _serve(arguments: argparse.Namespace, engine: Engine, told: str) -> None:
    async with run(
        arguments.data_dir,
        engine,
        host=arguments.host,
        port=arguments.port,
        provider_port=arguments.provider_port,
        provider=WIRES[arguments.wire],
        told=told,
    ) as running:
        print(
            f"local_stack ready: Supabase {running.supabase.url},"
            f" provider {running.provider_url} (settings in {arguments.data_dir / 'env'})"
            + (told and f"; engine: {told}"),
            flush=True,
        )
        await running.watch()


async def _serve_until_signal(arguments: argparse.Namespace, engine: Engine, told: str) -> None:
    serving = asyncio.create_task(_serve(arguments, engine, told), name="stack")

    def end() -> None:
        if not serving.cancelling():  # a second signal must not cut the clean-up short
            serving.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end)
    await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()


def main(given: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = _parser()
    arguments = parser.parse_args(given)
    data_dir = DataDir(arguments.data_dir)
    try:
        match arguments.command:
            case "reset":
                data_dir.reset()
            case "rotate-keys":
                data_dir.create()
                keys = SigningKeys(data_dir.signing_keys)
                kid = keys.rotate(revoke_previous=arguments.revoke)
                print(f"tokens are signed by {kid} from now on")
            case _:
                uvloop.run(_serve_until_signal(arguments, *_engine(arguments, parser)))
    except (StackError, OSError) as error:
        print(f"local_stack: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
