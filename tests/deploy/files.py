"""The files of `deploy/`, read."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy.kustomize import render
from tests.needs import program

ROOT: Final = Path(__file__).parent.parent.parent
DEPLOY: Final = ROOT / "deploy"
KUBERNETES: Final = DEPLOY / "kubernetes"
OBSERVABILITY: Final = DEPLOY / "observability"


def binary(name: str) -> str:
    """Return the path of a program that no package registry has.

    `make test` fetches it where there is a Debian to fetch it from (`scripts/debian.sh`).
    """
    found = program(name)
    if found is None:
        pytest.fail(f"{name} is not installed: run scripts/debian.sh")
    return found


def interpolated(value: str, **variables: str) -> str:
    """Return a value as compose interpolates it with the shell's variables.

    Raises:
        KeyError: A variable is not set, and has no default: compose stops with its message.
    """

    def found(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        return variables[name] if default is None else variables.get(name, default)

    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", found, value)


def dotenv(path: Path) -> dict[str, str]:
    """Return the lines of an environment file, as they stand."""
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def documents(path: Path) -> list[Any]:
    """Return the documents of a YAML file."""
    return [one for one in yaml.safe_load_all(path.read_text()) if one is not None]


def document(path: Path) -> Any:
    """Return the only document of a YAML file."""
    (only,) = documents(path)
    return only


def manifests() -> list[Any]:
    """Return every object that `kubectl apply --kustomize` would send."""
    return render(KUBERNETES)


def manifest(kind: str, name: str) -> Any:
    """Return one of them."""
    (only,) = [one for one in manifests() if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return only
