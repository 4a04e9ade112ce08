"""What some suites need beyond packages of Python and npm, and which suites those are.

A machine with `apt-get` gets them from `make test`, and fails without them. Any other machine
leaves those suites out and names them.
"""

import os
import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_FETCHED: Final = ROOT / ".tools" / "debian" / "usr"
SUITES: Final = {
    "nginx": (
        "tests/deploy/test_doctor.py",
        "tests/deploy/test_proxies.py",
        "tests/fleet",
        "tests/chaos",
    ),
    "shellcheck": ("tests/deploy/test_install.py",),
    "systemd-analyze": ("tests/deploy/test_install.py",),
    "promtool": ("tests/deploy/test_rules.py",),
    "curl": ("tests/docs/test_examples.py", "tests/deploy/test_proxies.py"),
    "/proc": ("tests/bench", "tests/chaos", "tests/fleet"),
}
"""A program, or a folder of Linux, and the suites that need it."""


def program(name: str) -> str | None:
    """Return the path of a program, None where there is none."""
    folders = (os.environ.get("PATH", ""), "/usr/sbin", str(_FETCHED / "bin"))
    return shutil.which(name, path=os.pathsep.join((*folders, str(_FETCHED / "sbin"))))


def left_out() -> dict[str, str]:
    """Return the suites that this machine cannot run, each with what is missing."""
    if shutil.which("apt-get"):
        return {}
    return {
        suite: need
        for need, suites in SUITES.items()
        if not (Path(need).is_dir() and any(Path(need).iterdir()) if "/" in need else program(need))
        for suite in suites
    }
