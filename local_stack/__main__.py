"""`python -m local_stack`: a small Supabase and a recogniser on loopback, in one command."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from local_stack.data_dir import DataDir
from local_stack.errors import StackError
from local_stack.signing_keys import SigningKeys
from local_stack.stack import run, write_env


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".local"), help="kept between runs")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=54321, help="of the Supabase gateway")
    parser.add_argument("--provider-port", type=int, default=54330, help="of the recogniser")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("reset", help="delete the data, unless a stack is running on it")
    rotate = commands.add_parser("rotate-keys", help="sign tokens with a new key from now on")
    rotate.add_argument("--revoke", action="store_true", help="and refuse those of the former keys")
    return parser


async def _serve(arguments: argparse.Namespace) -> None:
    async with run(arguments.data_dir, host=arguments.host, port=arguments.port) as running:
        write_env(running, f"http://{arguments.host}:{arguments.provider_port}")
        settings = arguments.data_dir / "env"
        print(f"local_stack ready: Supabase {running.url} (settings in {settings})", flush=True)
        await asyncio.Event().wait()


async def _serve_until_signal(arguments: argparse.Namespace) -> None:
    serving = asyncio.create_task(_serve(arguments), name="stack")

    def end() -> None:
        if not serving.cancelling():  # a second signal must not cut the clean-up short
            serving.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end)
    await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()


def main() -> int:
    """Run the command; returns the exit status."""
    arguments = _arguments().parse_args()
    data_dir = DataDir(arguments.data_dir)
    try:
        if arguments.command == "reset":
            data_dir.reset()
        elif arguments.command == "rotate-keys":
            data_dir.create()
            kid = SigningKeys(data_dir.signing_keys).rotate(revoke_previous=arguments.revoke)
            print(f"tokens are signed by {kid} from now on")
        else:
            asyncio.run(_serve_until_signal(arguments))
    except StackError as error:
        print(f"local_stack: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
