"""`make audit`: known vulnerabilities in what we depend on, less those that are explained.

Ends with 0 when there are none, 1 when there are some, and 2 when no database could be
reached: then nothing is known.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
EXCEPTIONS: Final = ROOT / "scripts" / "audit-exceptions.toml"
PIP_AUDIT: Final = "pip-audit==2.10.1"
SECONDS: Final = 120
"""For each question."""
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


class NotAuditedError(Exception):
    """The database of vulnerabilities did not answer."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One that is known."""

    package: str
    version: str
    ids: frozenset[str]
    """All its names."""
    title: str

    def __str__(self) -> str:
        """Return a line for a person."""
        return f"{self.package} {self.version}: {', '.join(sorted(self.ids))}: {self.title}"


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why one does not concern us."""

    id: str
    package: str
    reason: str
    until: date

    def covers(self, found: Vulnerability) -> bool:
        """Whether it is about this one."""
        return self.package == found.package and self.id in found.ids


def read_excuses(text: str) -> tuple[Excuse, ...]:
    """Read the exceptions' file.

    Raises:
        ValueError: one says too little.
    """
    excuses = tuple(Excuse(**one) for one in tomllib.loads(text)["exception"])
    for excuse in excuses:
        if len(excuse.reason) < len("We never call it.") or type(excuse.until) is not date:
            message = f"{excuse.id}: say why it does not concern us, and until when"
            raise ValueError(message)
    return excuses


def read_pip_audit(text: str) -> list[Vulnerability]:
    """Read what pip-audit found.

    Raises:
        NotAuditedError: it skipped something. It calls that a success.
    """
    dependencies: list[dict[str, Any]] = json.loads(text)["dependencies"]
    skipped = [one for one in dependencies if "skip_reason" in one]
    if skipped or not dependencies:
        reason = skipped[0]["skip_reason"] if skipped else "there is nothing in the list"
        message = f"{len(skipped)} of {len(dependencies)} packages were not looked at: {reason}"
        raise NotAuditedError(message)
    return [
        Vulnerability(
            one["name"],
            one["version"],
            frozenset((found["id"], *found.get("aliases", ()))),
            str(found.get("description", "")).partition("\n")[0][:100],
        )
        for one in dependencies
        for found in one["vulns"]
    ]


def read_npm_audit(text: str) -> list[Vulnerability]:
    """Read what npm found.

    Raises:
        NotAuditedError: the registry has no answer.
    """
    told = json.loads(text)
    if "vulnerabilities" not in told:
        raise NotAuditedError(str(told.get("message", "no answer")).partition(" - ")[0])
    return [
        Vulnerability(
            found["name"],
            one["range"],
            frozenset({found["url"].rpartition("/")[2]}),
            found["title"],
        )
        for one in told["vulnerabilities"].values()
        for found in one["via"]
        if isinstance(found, dict)  # a name stands for the entry of that name
    ]


def judge(
    found: Iterable[Vulnerability], excuses: Sequence[Excuse], today: date
) -> tuple[list[str], list[Excuse]]:
    """Return what is wrong, in words, and the excuses that were of use."""
    wrong, used = [], []
    for one in found:
        excuse = next((excuse for excuse in excuses if excuse.covers(one)), None)
        if excuse is None:
            wrong.append(str(one))
            continue
        used.append(excuse)
        if excuse.until < today:
            wrong.append(f"{one} (was taken for harmless until {excuse.until}: {excuse.reason})")
    return wrong, used


def _output(*command: str, cwd: Path = ROOT) -> str:
    program = shutil.which(command[0])
    if program is None:
        message = f"{command[0]} is not installed"
        raise NotAuditedError(message)
    done = subprocess.run(  # noqa: S603 - our own commands
        (program, *command[1:]),
        cwd=cwd,
        capture_output=True,
        check=False,  # finding something is a failure to both tools
        text=True,
        timeout=SECONDS,
    )
    if not done.stdout.strip():
        raise NotAuditedError((done.stderr.strip() or "no answer").splitlines()[-1])
    return done.stdout


def _python() -> list[Vulnerability]:
    uv = str(ROOT / ".tools" / "bin" / "uv")
    locked = _output(uv, "export", "--frozen", "--all-extras", "--no-emit-project", "--quiet")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(locked)
        requirements.flush()
        audit = ("pip-audit", "--disable-pip", "--format", "json", "--progress-spinner", "off")
        tool = (uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", PIP_AUDIT)
        return read_pip_audit(_output(*tool, *audit, "--requirement", requirements.name))


def _npm(folder: Path) -> list[Vulnerability]:
    return read_npm_audit(_output("npm", "audit", "--json", "--package-lock-only", cwd=folder))


def main() -> int:
    """Ask about everything that is locked, and tell."""
    excuses = read_excuses(EXCEPTIONS.read_text())
    today = datetime.now(UTC).date()
    locks = _output("git", "ls-files", "*package-lock.json").splitlines()
    sources = {"Python": _python} | {
        str(Path(lock).parent): lambda lock=lock: _npm((ROOT / lock).parent) for lock in locks
    }
    codes, used = {CLEAN}, []
    for name, ask in sources.items():
        try:
            wrong, of_use = judge(ask(), excuses, today)
        except (NotAuditedError, ValueError, subprocess.TimeoutExpired) as failure:
            sys.stdout.write(f"{name}: NOT AUDITED: {failure}\n")
            codes.add(UNKNOWN)
            continue
        used += of_use
        sys.stdout.write(f"{name}: {len(wrong) or 'no'} known vulnerabilities\n")
        sys.stdout.writelines(f"  {line}\n" for line in wrong)
        codes.add(VULNERABLE if wrong else CLEAN)
    if UNKNOWN not in codes:
        for excuse in set(excuses) - set(used):
            sys.stdout.write(f"exceptions: {excuse.id} is no longer found; remove it\n")
            codes.add(VULNERABLE)
    return VULNERABLE if VULNERABLE in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
