"""What `make image` runs: how an image is entered, and what goes into its build.

The image itself is built and tried out by the workflow: that takes minutes and a tool for images.
"""

import re
import subprocess
from pathlib import Path

import pytest

from scripts.containers import Docker, stage
from tests.deploy.files import DEPLOY, document
from tests.deploy.test_dockerfile import TEXT

SERVICE = document(DEPLOY / "compose.yaml")["services"]["functions-1"]


def test_it_is_run_as_compose_runs_it() -> None:
    """The trial is as confined as the deployment: read-only, no capability, the same folders."""
    command = Docker().command("image", {"NAME": "value"}, ("python", "-m", "ws_bridge"))
    assert SERVICE["read_only"] is True
    assert "--read-only" in command
    assert [f"--cap-drop={one}" for one in SERVICE["cap_drop"]] == ["--cap-drop=ALL"]
    assert "--cap-drop=ALL" in command
    assert "--security-opt=no-new-privileges" in command
    assert f"--tmpfs={SERVICE['tmpfs'][0]}" in command
    assert f"--volume={SERVICE['volumes'][0]}" in command
    assert command[-5:] == ["--env=NAME=value", "image", "python", "-m", "ws_bridge"]
    assert not any("--user" in one for one in command)


def test_bases_can_be_replaced_and_are_pinned_by_version() -> None:
    """Both bases are arguments with a version; a release gives them by digest."""
    bases = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", TEXT, re.M))
    assert re.fullmatch(r"docker\.io/library/node:\d+-\w+-slim", bases["NODE_IMAGE"])
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+", bases["PYTHON_IMAGE"])
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.M)) == {f"${{{name}}}" for name in bases}


@pytest.mark.process
def test_a_planted_key_stays_out(tmp_path: Path) -> None:
    """What Buildah is given is what the ignore file lets in, in folders of any depth."""
    source, target = tmp_path / "source", tmp_path / "target"
    let_in = {"ws_bridge/app.py", "transcription/audio/worker.py", "frontend/src/a/b/c.tsx"}
    kept_out = {"ws_bridge/key.pem", ".env", "frontend/src/a/b/secret.json", "tests/conftest.py"}
    for name in let_in | kept_out:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("x")
    subprocess.run(("git", "init", "--quiet", source), check=True)  # noqa: S603, S607
    stage(source, DEPLOY / "Dockerfile.dockerignore", target)
    found = {str(one.relative_to(target)) for one in target.rglob("*") if one.is_file()}
    assert found == let_in
