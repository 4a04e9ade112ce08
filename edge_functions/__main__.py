"""`python -m edge_functions`: serve; `… sweep`, `… erase USER_ID`, `… rotate-keys`: upkeep."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TypeVar
from uuid import UUID

import uvloop

from edge_functions.composition import compose, upkeep
from edge_functions.erasure import Erased
from edge_functions.rotation import Rotated, rotate
from edge_functions.server import run
from edge_functions.sweeper import Swept
from transcription.errors import TranscriptionError
from transcription.process import tracing
from transcription.process.metrics import Metrics
from transcription.process.record import configure_logging
from transcription.settings import Settings, load_settings
from transcription.user_keys.key_ring import KeyRing

E = TypeVar("E", bound=BaseException)


def command_line() -> argparse.ArgumentParser:
    """Return what reads the command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m edge_functions", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("sweep", help="remove what crashes and changes of mind left behind")
    erase = commands.add_parser("erase", help="erase a user; usage is kept without its owner")
    erase.add_argument("user_id", type=UUID, metavar="USER_ID")
    commands.add_parser("rotate-keys", help="encrypt users' own keys with the first of BYOK_KEYS")
    return parser


async def _serve(settings: Settings) -> None:
    async with compose(settings) as composition:
        await run(composition)


async def _sweep(settings: Settings) -> Swept:
    async with upkeep(settings, Metrics()) as tools:
        return await tools.sweeper.sweep()


async def _erase(settings: Settings, user_id: UUID) -> Erased:
    async with upkeep(settings, Metrics()) as tools:
        return await tools.erasure.erase(user_id)


async def _rotate(settings: Settings, ring: KeyRing) -> Rotated:
    async with upkeep(settings, Metrics()) as tools:
        return await rotate(tools.rpc, ring)


def main() -> None:
    """Run the command.

    Raises:
        SystemExit: it cannot be done; the message is for a person.
    """
    arguments = command_line().parse_args()
    settings = load_settings()
    # A command's own words go to standard output.
    configure_logging(settings.log_level, sys.stderr if arguments.command else None)
    try:
        if arguments.command == "sweep":
            _tell(uvloop.run(_sweep(settings)))
        elif arguments.command == "erase":
            _tell(uvloop.run(_erase(settings, arguments.user_id)))
        elif arguments.command == "rotate-keys":
            ring = settings.key_ring
            if ring is None:
                sys.exit("edge_functions: BYOK_KEYS is not set")
            rotated = uvloop.run(_rotate(settings, ring))
            _tell(rotated)
            if rotated.unreadable:
                sys.exit("edge_functions: BYOK_KEYS lacks a key, or some rows are not as they were")
        else:
            endpoint = settings.otel_exporter_otlp_endpoint
            with tracing.exporting(endpoint, service="utter-functions"):
                uvloop.run(_serve(settings))
    except* TranscriptionError as errors:
        sys.exit("\n".join(f"edge_functions: {one.message}" for one in _leaves(errors)))
    except* OSError as errors:
        sys.exit("\n".join(f"Cannot start: {one}" for one in _leaves(errors)))


def _leaves(errors: BaseExceptionGroup[E]) -> Iterator[E]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _tell(done: Swept | Erased | Rotated) -> None:
    counts = "".join(f"{name}: {count}\n" for name, count in asdict(done).items())
    sys.stdout.write(counts)


if __name__ == "__main__":
    main()
