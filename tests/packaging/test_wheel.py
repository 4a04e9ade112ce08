"""The wheel is one top-level package, small until an extra asks for more, and it works."""

import asyncio
import json
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

import hatch_build
from local_stack.provider import Script
from tests.packaging.conftest import ROOT, Built, Environment
from tests.ws_bridge.process import bridge

pytestmark = pytest.mark.timeout(300)  # may have to fetch what no cache holds
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SAMPLE: Final = ROOT / "local_stack" / "samples" / "short.wav"
_LIVE: Final = """
import asyncio, sys
from pathlib import Path
from utter_transcribe import GivenToken, LiveTranscription
from utter_transcribe.audio import decode, in_thread
live = LiveTranscription(sys.argv[1], GivenToken(sys.argv[2]))
result = asyncio.run(live.run(in_thread(decode(Path(sys.argv[3])))))
print(result.status, result.text)
"""
_IMPORT_ALL: Final = """
import importlib, pkgutil, utter_transcribe
names = [one.name for one in pkgutil.walk_packages(utter_transcribe.__path__, "utter_transcribe.")]
for name in names:
    if not name.endswith("__main__") and not name.endswith(".worker"):
        importlib.import_module(name)
print(len(names))
"""


def _name(requirement: str) -> str:
    return Requirement(requirement).name.lower().replace("_", "-")


def _installed(environment: Environment) -> set[str]:
    found = environment.site_packages.glob("*.dist-info")
    return {one.name.partition("-")[0].lower().replace("_", "-") for one in found}


@pytest.mark.process
def test_one_top_level_name(built: Built) -> None:
    """The wheel puts `utter_transcribe` and its own metadata into site-packages, and no more."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"utter_transcribe", f"utter_transcribe-{PROJECT['version']}.dist-info"}
    assert "utter_transcribe/py.typed" in names
    for package in hatch_build.MOVED:
        assert f"utter_transcribe/{package}/py.typed" in names
    assert [name for name in names if "__pycache__" in name] == []


@pytest.mark.process
def test_nothing_of_the_services_comes_along(installed: Environment) -> None:
    """Without an extra, nothing is installed that only the services or their traces need."""
    asked = {_name(one) for one in PROJECT["dependencies"]}
    extras = PROJECT["optional-dependencies"]
    optional = {_name(one) for extra in extras.values() for one in extra} - asked
    found = _installed(installed)
    assert asked <= found
    assert "utter-transcribe" in found
    assert optional & found == set()


@pytest.mark.process
def test_the_command_tells_its_version(installed: Environment) -> None:
    """`utter-transcribe --version` is the version that is installed."""
    told = installed.run("utter-transcribe", "--version")
    assert (told.returncode, told.stdout, told.stderr) == (
        0,
        f"utter-transcribe {PROJECT['version']}\n",
        "",
    )


@pytest.mark.process
def test_the_wheel_brings_the_migrations(installed: Environment, tmp_path: Path) -> None:
    """`utter-transcribe init` of the wheel writes the migrations of the repository."""
    told = installed.run("utter-transcribe", "init", str(tmp_path))
    assert (told.returncode, told.stderr) == (0, "")
    copied = sorted((tmp_path / "supabase" / "migrations").iterdir())
    ours = sorted((ROOT / "supabase" / "migrations").iterdir())
    assert [one.read_text() for one in copied] == [one.read_text() for one in ours]


@pytest.mark.process
def test_the_demo_names_the_checkout(installed: Environment) -> None:
    """The demo needs the repository; the wheel's command says so in one line."""
    told = installed.run("utter-transcribe", "demo")
    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        "utter-transcribe: the demo runs from a checkout of the repository: make demo"
    ]
    told = installed.run("utter-transcribe", "live", "--microphone", UTTER_TOKEN="t")
    assert "pip install 'utter-transcribe[microphone]'" in told.stderr


@pytest.mark.process
async def test_a_live_session_by_what_is_installed(installed: Environment, tmp_path: Path) -> None:
    """The installed library and the installed command each transcribe a file through a bridge."""
    async with bridge(tmp_path, Script(text="one two three")) as running:
        token = running.issuer.token()
        library = await asyncio.to_thread(
            installed.run, "python", "-c", _LIVE, running.url, token, str(SAMPLE)
        )
        options = ("--speed", "0", "--json", "--url", running.url)
        command = await asyncio.to_thread(
            installed.run, "utter-transcribe", "live", str(SAMPLE), *options, UTTER_TOKEN=token
        )
    assert (library.stdout, library.stderr) == ("complete one two three\n", "")
    assert (command.returncode, command.stderr) == (0, "")
    last = json.loads(command.stdout.splitlines()[-1])
    assert (last["event"], last["result"]["text"]) == ("finished", "one two three")


@pytest.mark.process
async def test_the_services_by_an_extra(built: Built, tmp_path: Path) -> None:
    """With `[services]` every module of the wheel can be imported, and a bridge of it serves."""
    environment = built.environment(tmp_path / "venv", "[services,otel]")
    told = environment.run("python", "-c", _IMPORT_ALL)
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) > 100
    python = str(environment.bin / "python")
    module = "utter_transcribe.ws_bridge"
    async with bridge(tmp_path, Script(text="one two"), command=(python, "-m", module)) as running:
        async with running.session() as talk:
            heard = await talk.stopped()
        assert heard.text == "one two"


@pytest.mark.process
def test_the_sdist_is_small(built: Built) -> None:
    """The sdist holds what the wheel is built from, and no page, tests or pictures."""
    with tarfile.open(built.sdist) as sdist:
        tops = {name.split("/")[1] for name in sdist.getnames() if "/" in name}
    files = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "hatch_build.py", "pyproject.toml"}
    assert tops - {".gitignore"} == files | {hatch_build.HOME, *hatch_build.MOVED, "supabase"}


def test_an_import_that_cannot_be_moved_is_refused(tmp_path: Path) -> None:
    """`import transcription` binds a name that the wheel does not have: the build says so."""
    file = tmp_path / "one.py"
    assert hatch_build.rewritten("if x:\n    from transcription.a import b\n", file) == (
        "if x:\n    from utter_transcribe.transcription.a import b\n"
    )
    assert hatch_build.rewritten("from transcriptions import b\n", file) == (
        "from transcriptions import b\n"
    )
    with pytest.raises(ValueError, match=r"one\.py:1: write `from transcription\.a import"):
        hatch_build.rewritten("import transcription.a\n", file)
