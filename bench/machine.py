"""What the figures were measured on, without a name or a path of the machine."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from typing import Any

from bench.cores import Cores

_PACKAGES = ("websockets", "uvloop", "mistralai", "fastapi", "uvicorn", "pydantic")


def notes(cores: Cores) -> dict[str, Any]:
    """Return what a reader has to know to judge the figures."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "pinned": str(cores),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "node": _node(),
        "packages": {name: version(name) for name in _PACKAGES},
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def _cpu() -> str | None:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
            return next(names, "").strip() or None
    except OSError:
        return None


def _node() -> str | None:
    node = shutil.which("node")
    if node is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - no argument of others
            (node, "--version"), capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
