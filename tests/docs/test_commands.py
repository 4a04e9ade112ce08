"""Every command of the documentation is run by something.

Here, or by a test that is named here. What needs Docker, a cluster or a hosted project is run by
nothing, says so, and has its shell parsed.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.docs.product import ROOT, SHORT_WORDS, Product
from transcription.settings import Settings

pytestmark = pytest.mark.timeout(180)
PAGES: Final = sorted(
    ROOT / name
    for name in subprocess.run(
        ("git", "ls-files", "*.md"),  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if name != "CHANGELOG.md"
)
_SETTING: Final = re.compile(r"([A-Z0-9_]+)=\S*$")
_BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.M | re.S)

RUN: Final = {
    ".venv/bin/utter-transcribe check local_stack/samples/short.wav "
    "--text @local_stack/samples/short.txt": "The text matches the recording.",
    ".venv/bin/utter-transcribe live local_stack/samples/short.wav": SHORT_WORDS,
    ".venv/bin/utter-transcribe file local_stack/samples/short.wav --timestamps segment": (
        SHORT_WORDS
    ),
    "arecord -q -t raw -f S16_LE -r 16000 -c 1 | head -c 192000 "
    "| .venv/bin/utter-transcribe live -": SHORT_WORDS,
}
"""Run by this test as they stand, but for a recorder that is ended after six seconds."""

MADE: Final = {
    "demo": "tests/utter_transcribe/test_demo.py",
    "check": "tests/test_loops.py",
    "test": ".ci/run",
    "run": "tests/test_run.py",
    "setup": "Makefile",
    "schema": "tests/shared_schema/test_export.py",
    "bench": "tests/bench/test_measure.py",
    "profile": "tests/bench/test_profile.py",
    "chaos": "tests/chaos/test_run.py",
    "audit": "tests/security/test_audit.py",
    "release": "tests/packaging/test_release.py",
    "package": "frontend/e2e/package.test.ts",
    "image": "tests/deploy/test_image.py",
    "add-to-app": "bench/add_to_app.py",
    "test-browsers": "scripts/engines.sh",
}
"""Targets of make, and what runs what they run."""

ELSEWHERE: Final = {
    "cp .env.example .env": "tests/test_env_example.py",
    "npm install @utter/transcribe": "frontend/e2e/package.test.ts",
    "pip install 'utter-transcribe[services]'": "tests/packaging/test_wheel.py",
    "utter-transcribe init": "tests/utter_transcribe/test_init.py",
    "python -m utter_transcribe.ws_bridge": "tests/packaging/test_wheel.py",
    "python -m chaos": "tests/chaos/test_run.py",
    "sudo deploy/install.sh": "tests/deploy/test_install.py",
    "sudo -u utter env PYTHONPATH=": "tests/deploy/test_doctor.py",
    "pg_dump --data-only": "tests/supabase/test_restore.py",
    "psql --": "tests/supabase/test_restore.py",
    "python -m local_stack.provider": "tests/local_stack/provider/test_main.py",
    "python -m edge_functions": "tests/edge_functions/test_account.py",
    "curl --fail http://127.0.0.1:": "tests/deploy/test_proxies.py",
    "utter-transcribe compare": "tests/utter_transcribe/test_compare.py",
    "utter-transcribe check": "tests/utter_transcribe/test_cli.py",
    "utter-transcribe voice": "tests/utter_transcribe/test_cli.py",
}
"""Beginnings of commands, and the test that runs the same."""

NEEDS: Final = {
    "docker": "Docker",
    "kubectl": "a cluster",
    "(cd deploy/kubernetes && kustomize": "kustomize",
    "npx supabase@3": "a hosted project (bench/add_to_app.py pushes to a database here)",
    "npx supabase": "a hosted project",
    'curl --fail "https://': "a deployment",
    "logs": "a deployment",
    'uv pip install "vllm': "a GPU",
    "VLLM_API_KEY=choose-one vllm serve": "a GPU",
    "export": "a deployment",
    "TAG=": "a deployment",
    "for one in": "Docker",
    "sudo apt-get install": "a server",
    "git clone REPOSITORY": "a server",
    "cd ": "a server",
    "journalctl": "a server",
    "LOCAL_PROVIDER_KEY=": "a key that you choose",
    "python -m moonshine_voice.download": "the network",
    "LOCAL_MODEL_DIR=": "a model that was downloaded",
    'git tag --sign "v': "a release",
    'git push origin "v': "a release",
    "uv publish": "PyPI",
    "npx shadcn@latest add": "the network, for shadcn asks its server for colours",
    "npm publish": "npm",
}
"""Beginnings of commands that nothing here can run, and what they need."""


def _commands(page: Path) -> Iterator[str]:
    """Yield each command of a page's blocks, its lines joined and its comment left out."""
    for _, kind, block in _BLOCK.findall(page.read_text()):
        if kind != "sh":
            continue
        held = ""
        for line in block.splitlines():
            held += line.strip() + "\n"
            if held.rstrip().endswith("\\") or not _is_whole(held):
                continue
            command = re.sub(r"\s+#\s.*", "", held.replace("\\\n", "")).strip()
            if command and not command.startswith("#"):
                yield command
            held = ""


def _is_whole(text: str) -> bool:
    loops = len(re.findall(r"\bdo$", text, re.M)) - len(re.findall(r"^done$", text, re.M))
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return loops == 0


WITH_SHELL: Final = [page for page in PAGES if "```sh\n" in page.read_text()]
EVERY: Final = [(page.relative_to(ROOT), one) for page in PAGES for one in _commands(page)]


def _known(command: str) -> bool:
    if command in RUN or command.split()[:1] == ["make"] or _SETTING.match(command):
        return True
    if "| .venv/bin/utter-transcribe live -" in command:
        return command.replace("-c 1 |", "-c 1 | head -c 192000 |") in RUN
    return any(command.startswith(beginning) for beginning in (*ELSEWHERE, *NEEDS))


def test_every_command_is_known() -> None:
    """No page has a command of which it is not said who runs it."""
    assert len(EVERY) > 60
    assert [f"{page}: {command}" for page, command in EVERY if not _known(command)] == []


@pytest.mark.parametrize("command", RUN)
def test_a_command_does_what_its_page_says(command: str, product: Product) -> None:
    """The words of the sample are printed, and the command ends well."""
    ended = product.run(command)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert RUN[command] in ended.stdout


def test_the_first_day_is_short() -> None:
    """From an empty server to the first voice it takes at most fifteen commands."""
    commands = [one for page, one in EVERY if page.name == "first-day.md"]
    assert 5 < len(commands) <= 15


def test_targets_of_make_exist() -> None:
    """What is made is a target, with its variables, and something runs what it runs."""
    made = {command for _, command in EVERY if command.startswith("make ")}
    made |= {
        found
        for page in PAGES
        for found in re.findall(r"`(make [a-z-]+(?: [A-Z]+=\w+)*)`", page.read_text())
    }
    assert made >= {"make demo", "make test", "make run", "make schema", "make bench"}
    makefile = (ROOT / "Makefile").read_text()
    for command in made:
        target, *variables = command.split()[1:]
        assert re.search(rf"^{target}:.*##", makefile, re.M), command
        assert target in MADE, command
        for variable in variables:
            assert re.search(rf"^{variable.partition('=')[0]} \?=", makefile, re.M), command


def test_settings_exist() -> None:
    """A line that sets something sets what the services know, or what a deployment's files do."""
    known = {name.upper() for name in Settings.model_fields}
    for page, command in EVERY:
        found = _SETTING.match(command)
        assert not found or found[1] in known, f"{page}: {command}"


def test_those_who_run_it_are_there() -> None:
    """What is named as running a command exists, and no entry is left over."""
    for path in {*MADE.values(), *ELSEWHERE.values()}:
        assert (ROOT / path).exists(), path
    for beginning in (*ELSEWHERE, *NEEDS):
        assert any(command.startswith(beginning) for _, command in EVERY), beginning


def test_scripts_of_the_page_exist() -> None:
    """Each `npm run` that a page names is a script of the page's package."""
    scripts = (ROOT / "frontend" / "package.json").read_text()
    for page in PAGES:
        for name in re.findall(r"`npm run ([\w:]+)", page.read_text()):
            assert f'"{name}":' in scripts, f"{page}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every file and every section that a page links to is there."""
    for target in re.findall(r"\]\(([^)#:\s]*)(#[\w-]+)?\)", page.read_text()):
        path, anchor = target
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.M)
            assert anchor[1:] in {_slug(heading) for heading in headings}, target


def _slug(heading: str) -> str:
    plain = re.sub(r"[^\w\s-]", "", heading.replace("`", "").lower())
    return re.sub(r"\s", "-", plain.strip())


@pytest.mark.process
@pytest.mark.parametrize("page", WITH_SHELL, ids=lambda page: str(page.relative_to(ROOT)))
def test_shell_parses(page: Path) -> None:
    """Every block of commands is well-formed shell."""
    blocks = [block for _, kind, block in _BLOCK.findall(page.read_text()) if kind == "sh"]
    for block in blocks or [""]:
        told = subprocess.run(
            ("sh", "-n"),  # noqa: S607
            input=block,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stderr) == (0, ""), block
