"""Which engine a command runs, by what its arguments and the environment say."""

import argparse
import os
from collections.abc import Mapping

from local_stack.provider.engine import Engine
from local_stack.provider.names import Named
from local_stack.provider.offline import OfflineEngine, choose
from local_stack.provider.offline.models import is_installed
from local_stack.provider.script import load_scripts
from local_stack.provider.scripted import ScriptedEngine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--engine`, `--script` and `--sessions`."""
    parser.add_argument(
        "--engine",
        choices=("moonshine", "sphinx", "scripted"),
        help="moonshine hears people and is the default where it is installed; sphinx hears"
        " US English with modest accuracy; scripted plays a script",
    )
    parser.add_argument(
        "--script",
        metavar="FILE|NAME",
        help="a .toml or .json file, or an example's name; means --engine scripted",
    )
    parser.add_argument(
        "--sessions",
        type=_count,
        metavar="N",
        help="live sessions that an offline engine takes; what the machine bears by default",
    )


def engine_of(
    options: argparse.Namespace, named: Named, environment: Mapping[str, str] = os.environ
) -> tuple[Engine, str]:
    """The engine, and what to tell of an offline one in a few words.

    Raises:
        OSError: A script cannot be read.
        ValueError: A script has a mistake, or arguments do not go together.
        RuntimeError: An offline engine is not installed, or a setting is wrong.
    """
    if options.script is not None:
        if options.engine not in (None, "scripted"):
            raise ValueError("--script is for --engine scripted")
        return ScriptedEngine(load_scripts(options.script), cards=named.cards), ""
    if options.engine == "scripted":
        return ScriptedEngine(cards=named.cards), ""
    model = choose(options.engine, environment)
    told = model.title
    if options.engine is None and not is_installed("moonshine"):
        told += "; Moonshine, which hears people better, has no wheel for this machine"
    return OfflineEngine(model, max_sessions=options.sessions, cards=named.cards), told


def port(text: str) -> int:
    """A TCP port of a command line; 0 takes a free one.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{number} is no port")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
