"""`deploy/install.sh` in a root of its own: what it writes, restarts, keeps and takes back.

systemd, apt and the packages are stood in for by scripts that note what they are asked.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.files import DEPLOY, binary
from transcription.settings import Settings

SCRIPT: Final = DEPLOY / "install.sh"
UNITS: Final = ("utter-bridge@.service", "utter-functions@.service")
INSTANCES: Final = [
    *("utter-bridge@8790", "utter-bridge@8791"),
    *("utter-functions@8780", "utter-functions@8781"),
]
SETTINGS: Final = (
    "SUPABASE_URL=https://project.supabase.co\n"
    "SUPABASE_PUBLISHABLE_KEY=sb_publishable_test\n"
    "SUPABASE_SECRET_KEY=sb_secret_$HOME`id`\n"
    "MISTRAL_API_KEY=key\n"
)
_MOST_EXPOSED: Final = 2.0
"""As `systemd-analyze security` counts, from 0 to 10."""
STUBS: Final = {
    "id": "echo 0",
    "getent": "exit 0",
    "dpkg-query": "echo installed",
    "apt-get": 'echo "apt-get $*" >>"$UTTER_ROOT/asked"',
    "systemctl": 'echo "$*" >>"$UTTER_ROOT/asked"',
    "install": """
given=""
while [ $# -gt 0 ]; do
  case "$1" in -o | -g) shift 2 ;; *) given="$given '$1'"; shift ;; esac
done
eval "exec /usr/bin/install $given"
""",
    # Makes an environment whose pip does nothing and whose uv makes an environment.
    "python3": """
case "$1 ${2:-}" in
  "-m venv")
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\n' >"$3/bin/pip"
    printf '#!/bin/sh\\n[ ! -e "$UTTER_ROOT/no-packages" ] && mkdir -p .venv/bin\\n' >"$3/bin/uv"
    chmod +x "$3/bin/pip" "$3/bin/uv" ;;
  "-c "*) exit 0 ;;
  *) [ ! -e "$UTTER_ROOT/broken" ] || ! grep -q broken "$RUNS/ws_bridge/code.py" ;;
esac
""",
}


@dataclass
class Machine:
    """A root, a checkout, and stand-ins for what would change the machine."""

    root: Path
    checkout: Path
    stubs: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script of the checkout, without a terminal."""
        (self.root / "asked").write_text("")
        return subprocess.run(  # noqa: S603 - the project's own script
            (self.checkout / "deploy" / "install.sh", *arguments),
            env={
                "PATH": f"{self.stubs}{os.pathsep}{os.environ['PATH']}",
                "UTTER_ROOT": str(self.root),
                "UTTER_READY_SECONDS": "1",
                "RUNS": str(self.root / "opt" / "utter-transcribe" / "current"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def installed(self, *arguments: str) -> str:
        """Run it with the settings' file; it must end well. Return what it printed."""
        env = self.root / "given.env"
        env.write_text(SETTINGS)
        ended = self.run("--domain", "transcribe.example.com", "--env", str(env), *arguments)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    @property
    def asked(self) -> list[str]:
        """What systemd was asked in the last run."""
        return (self.root / "asked").read_text().splitlines()

    @property
    def restarted(self) -> list[str]:
        """The processes that were restarted in the last run, in order."""
        return [line.split()[1] for line in self.asked if line.startswith("restart ")]

    @property
    def code(self) -> str:
        """The code that runs."""
        current = self.root / "opt" / "utter-transcribe" / "current"
        return (current / "ws_bridge" / "code.py").read_text()

    def write(self, code: str) -> None:
        """Change the checkout."""
        (self.checkout / "ws_bridge" / "code.py").write_text(code)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which nothing is installed."""
    checkout, stubs, root = (tmp_path / name for name in ("checkout", "stubs", "root"))
    shutil.copytree(DEPLOY / "systemd", checkout / "deploy" / "systemd")
    shutil.copy(SCRIPT, checkout / "deploy")
    for part in ("shared_schema", "transcription", "ws_bridge", "edge_functions"):
        (checkout / part).mkdir()
        (checkout / part / "code.py").write_text("first\n")
    for file in ("pyproject.toml", "uv.lock", "frontend/dist/index.html"):
        (checkout / file).parent.mkdir(parents=True, exist_ok=True)
        (checkout / file).write_text("")
    stubs.mkdir()
    root.mkdir()
    for name, body in STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{body}\n")
        (stubs / name).chmod(0o755)
    return Machine(root, checkout, stubs)


@pytest.mark.process
def test_the_first_time(machine: Machine) -> None:
    """Code, settings, units and proxy are written, and each process is started once, in order."""
    machine.installed()
    env = machine.root / "etc" / "utter-transcribe" / ".env"
    assert env.read_text() == (
        f"{SETTINGS}ALLOWED_ORIGINS=https://transcribe.example.com\nTRUSTED_PROXY_HOPS=1\n"
    )
    assert env.stat().st_mode & 0o777 == 0o640
    assert machine.restarted == INSTANCES
    assert machine.code == "first\n"
    caddy = (machine.root / "etc" / "caddy" / "Caddyfile").read_text()
    assert "\ntranscribe.example.com {" in caddy
    assert "reload-or-restart caddy" in machine.asked
    assert f"enable --quiet utter.target {' '.join(INSTANCES)}" in machine.asked
    for unit in (*UNITS, "utter.target"):
        assert (machine.root / "etc" / "systemd" / "system" / unit).exists()


@pytest.mark.process
def test_again_changes_nothing(machine: Machine) -> None:
    """The same code and settings restart nothing and reload nothing."""
    machine.installed()
    machine.installed()
    assert machine.restarted == []
    assert machine.asked == [f"enable --quiet utter.target {' '.join(INSTANCES)}"]


@pytest.mark.process
def test_a_changed_setting_restarts(machine: Machine) -> None:
    """What is changed in .env reaches the processes by the same command."""
    machine.installed()
    env = machine.root / "etc" / "utter-transcribe" / ".env"
    env.write_text(env.read_text() + "LOG_LEVEL=WARNING\n")
    ended = machine.run("--domain", "transcribe.example.com")
    assert ended.returncode == 0, ended.stderr
    assert machine.restarted == INSTANCES
    assert "LOG_LEVEL=WARNING" in env.read_text()


@pytest.mark.process
def test_upgrade_and_roll_back(machine: Machine) -> None:
    """New code runs after the same command; `--rollback` brings the code before, and back again."""
    machine.installed()
    machine.write("second\n")
    machine.installed()
    assert (machine.code, machine.restarted) == ("second\n", INSTANCES)
    for code in ("first\n", "second\n"):
        ended = machine.run("--rollback")
        assert ended.returncode == 0, ended.stderr
        assert (machine.code, machine.restarted) == (code, INSTANCES)


@pytest.mark.process
def test_a_release_that_is_not_ready_goes_back(machine: Machine) -> None:
    """The first process that is not ready stops the upgrade, and the release before comes back."""
    machine.installed()
    machine.write("broken\n")
    (machine.root / "broken").touch()
    ended = machine.run("--domain", "transcribe.example.com")
    assert ended.returncode == 1
    assert "does not become ready" in ended.stderr
    assert machine.code == "first\n"
    # The first of the new release, and then all of the old one.
    assert machine.restarted == [INSTANCES[0], *INSTANCES]


@pytest.mark.process
def test_packages_that_cannot_be_had_change_nothing(machine: Machine) -> None:
    """A release is there whole or not at all."""
    machine.installed()
    machine.write("second\n")
    (machine.root / "no-packages").touch()
    ended = machine.run("--domain", "transcribe.example.com")
    assert ended.returncode == 1
    assert "cannot be installed" in ended.stderr
    assert (machine.code, machine.restarted) == ("first\n", [])
    assert len(list((machine.root / "opt" / "utter-transcribe" / "releases").iterdir())) == 1


@pytest.mark.process
def test_three_releases_are_kept(machine: Machine) -> None:
    """Old releases go, but never the one that runs or the one before it."""
    for number in range(5):
        machine.write(f"{number}\n")
        machine.installed()
    assert len(list((machine.root / "opt" / "utter-transcribe" / "releases").iterdir())) == 3
    assert machine.run("--rollback").returncode == 0
    assert machine.code == "3\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--domain", "transcribe.example.com"), "SUPABASE_URL is missing"),
        ((), "--domain is needed"),
        (("--rollback",), "there is no release before this one"),
        (("--what",), "unknown argument: --what"),
    ],
)
@pytest.mark.process
def test_what_is_missing_is_named(machine: Machine, arguments: tuple[str, ...], words: str) -> None:
    """Without a terminal it asks nothing, and says what it needs."""
    ended = machine.run(*arguments)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert machine.restarted == []


@pytest.mark.process
def test_the_shell_is_sound() -> None:
    """The linter, shellcheck, has no complaint."""
    ended = subprocess.run(  # noqa: S603
        (binary("shellcheck"), SCRIPT), capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.process
def test_units_are_hardened(unit: str, tmp_path: Path) -> None:
    """Each line of a unit is known to systemd, which counts little that it is exposed to."""
    text = (DEPLOY / "systemd" / unit).read_text()
    analyze = binary("systemd-analyze")
    file = tmp_path / unit
    file.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={binary('python3')}", text, flags=re.M))
    shutil.copy(DEPLOY / "systemd" / "utter.target", tmp_path)
    told = subprocess.run(  # noqa: S603
        (analyze, "verify", file), capture_output=True, text=True, check=False
    )
    assert [
        line for line in told.stderr.splitlines() if str(tmp_path) in line or "utter" in line
    ] == []
    counted = subprocess.run(  # noqa: S603
        (
            *(analyze, "security", "--offline=true"),
            *(f"--threshold={int(_MOST_EXPOSED * 10)}", file),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert counted.returncode == 0, counted.stdout[-300:]


@pytest.mark.parametrize("unit", UNITS)
def test_units_set_what_the_services_know(unit: str) -> None:
    """A unit's environment consists of settings, and gives a process time to drain."""
    text = (DEPLOY / "systemd" / unit).read_text()
    names = set(re.findall(r"^Environment=(.*)$", text, re.M))
    given = {pair.split("=")[0] for line in names for pair in line.split()}
    known = {name.upper() for name in Settings.model_fields}
    assert given - known == {"PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUNBUFFERED"}
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.M)
    kind = "bridge" if "bridge" in unit else "functions"
    assert int(seconds) >= Settings.model_fields[f"{kind}_drain_seconds"].default + 20
