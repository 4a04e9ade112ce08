"""`python -m edge_functions`: serve; `… sweep`, `… erase USER_ID`, `… rotate-keys`: upkeep.

`… doctor` looks at a whole deployment, and says what is wrong with it.
"""

import argparse
import sys
from dataclasses import asdict
from functools import partial
from uuid import UUID

import uvloop

from edge_functions.composition import compose, upkeep
from edge_functions.doctor.examination import examine
from edge_functions.doctor.finding import Finding, is_well, to_json
from edge_functions.erasure import Erased
from edge_functions.rotation import Rotated, rotate
from edge_functions.server import serving
from edge_functions.sweeper import Swept
from transcription.process import shell
from transcription.process.deployment import load_settings
from transcription.process.environment import forget_secrets
from transcription.process.logs import configure_logging
from transcription.process.metrics import Metrics
from transcription.settings import Settings
from transcription.user_keys.key_ring import KeyRing


def command_line() -> argparse.ArgumentParser:
    """Return what reads the command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m edge_functions", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("sweep", help="remove what crashes and changes of mind left behind")
    erase = commands.add_parser("erase", help="erase a user; usage is kept without its owner")
    erase.add_argument("user_id", type=UUID, metavar="USER_ID")
    commands.add_parser("rotate-keys", help="encrypt users' own keys with the first of BYOK_KEYS")
    doctor = commands.add_parser(
        "doctor", help="check settings, Supabase, provider, proxies, an upload and a live session"
    )
    doctor.add_argument(
        "--site", metavar="URL", help="the address that people type; the first of ALLOWED_ORIGINS"
    )
    doctor.add_argument("--json", action="store_true", help="write one JSON object")
    return parser


async def _serve(settings: Settings) -> None:
    async with compose(settings) as services:
        drain = partial(services.in_flight.drain, settings.functions_drain_seconds)
        await shell.run(serving(services), drain)


async def _sweep(settings: Settings) -> Swept:
    async with upkeep(settings, Metrics()) as tools:
        return await tools.sweeper.sweep()


async def _erase(settings: Settings, user_id: UUID) -> Erased:
    async with upkeep(settings, Metrics()) as tools:
        return await tools.erasure.erase(user_id)


async def _rotate(settings: Settings, ring: KeyRing) -> Rotated:
    async with upkeep(settings, Metrics()) as tools:
        return await rotate(tools.rpc, ring)


async def _examine(settings: Settings, site: str, *, as_json: bool) -> list[Finding]:
    findings = []
    async for finding in examine(settings, site):
        findings.append(finding)
        if not as_json:
            sys.stdout.write(finding.line() + "\n")
            sys.stdout.flush()
    return findings


def _doctor(*, site: str | None, as_json: bool) -> None:
    """Examine the deployment; its faults are findings too, those of the settings included.

    Raises:
        SystemExit: with 1 where something is wrong.
    """
    try:
        settings = load_settings()
    except SystemExit as error:
        mend = "correct them in .env (.env.example explains each)"
        findings = [Finding("settings", "fault", " ".join(str(error.code).split()), mend)]
        if not as_json:
            sys.stdout.write(findings[0].line() + "\n")
    else:
        forget_secrets(settings)
        configure_logging("CRITICAL", sys.stderr)
        url = site or next(iter(settings.allowed_origins), "")
        if not url.startswith(("http://", "https://")):
            sys.exit("edge_functions: name the address that people type: --site https://…")
        findings = uvloop.run(_examine(settings, url, as_json=as_json))
    if as_json:
        sys.stdout.write(to_json(findings) + "\n")
    if not is_well(findings):
        sys.exit(1)


def main() -> None:
    """Run the command.

    Raises:
        SystemExit: it cannot be done; the message is for a person.
    """
    arguments = command_line().parse_args()
    if arguments.command == "doctor":
        with shell.ending_plainly("edge_functions"):
            _doctor(site=arguments.site, as_json=arguments.json)
        return
    settings = load_settings()
    forget_secrets(settings)
    # A command's own words go to standard output.
    configure_logging(settings.log_level, sys.stderr if arguments.command else None)
    if arguments.command is None:
        shell.start(_serve(settings), settings, name="utter-functions")
        return
    with shell.ending_plainly("edge_functions"):
        if arguments.command == "sweep":
            _tell(uvloop.run(_sweep(settings)))
        elif arguments.command == "erase":
            erased = uvloop.run(_erase(settings, arguments.user_id))
            _tell(erased)
            if not any(asdict(erased).values()):
                sys.exit(f"edge_functions: there is no user {arguments.user_id}")
        elif settings.byok_keys is None:
            sys.exit("edge_functions: BYOK_KEYS is not set")
        else:
            rotated = uvloop.run(_rotate(settings, KeyRing.parse(settings.byok_keys)))
            _tell(rotated)
            if rotated.unreadable:
                sys.exit("edge_functions: BYOK_KEYS lacks a key, or some rows are not as they were")


def _tell(done: Swept | Erased | Rotated) -> None:
    counts = "".join(f"{name}: {count}\n" for name, count in asdict(done).items())
    sys.stdout.write(counts)


if __name__ == "__main__":
    main()
