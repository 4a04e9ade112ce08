"""The audit of what we depend on: what counts, what is explained, and what is not known."""

import json
import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts.audit import (
    CLEAN,
    EXCEPTIONS,
    ROOT,
    UNKNOWN,
    VULNERABLE,
    Excuse,
    NotAuditedError,
    Vulnerability,
    judge,
    read_excuses,
    read_npm_audit,
    read_pip_audit,
)

TODAY = date(2026, 3, 10)
FOUND = Vulnerability("jinja2", "3.1.0", frozenset({"PYSEC-1", "CVE-1", "GHSA-1"}), "A hole")
REASON = "No template of ours is a stranger's."


def _excuse(**changes: Any) -> Excuse:
    fields: dict[str, Any] = {
        "id": "CVE-1",
        "package": "jinja2",
        "reason": REASON,
        "until": date(2026, 4, 1),
    }
    return Excuse(**(fields | changes))


def test_every_exception_is_explained() -> None:
    """The file of exceptions can be read, and each says why and until when."""
    read_excuses(EXCEPTIONS.read_text())


@pytest.mark.parametrize("wrong", [{"reason": "fine"}, {"until": "some day"}])
def test_an_exception_without_a_reason_is_none(wrong: dict[str, str]) -> None:
    """Who makes an exception has to say why, and until when."""
    fields = {"id": "CVE-1", "package": "a", "reason": REASON, "until": "2026-04-01"} | wrong
    until = fields["until"] if fields["until"][0] == "2" else f'"{fields["until"]}"'
    text = (
        f'[[exception]]\nid = "CVE-1"\npackage = "a"\nreason = "{fields["reason"]}"\n'
        f"until = {until}\n"
    )
    with pytest.raises(ValueError, match="CVE-1"):
        read_excuses(text)


def test_what_is_found_counts_unless_it_is_explained() -> None:
    """An exception holds by any of a vulnerability's names, for its package, until its day."""
    assert judge([FOUND], [], TODAY) == ([str(FOUND)], [])
    assert judge([FOUND], [_excuse()], TODAY) == ([], [_excuse()])
    for excuse in (_excuse(package="markupsafe"), _excuse(id="CVE-2")):
        assert judge([FOUND], [excuse], TODAY) == ([str(FOUND)], [])
    [late], _ = judge([FOUND], [_excuse(until=date(2026, 3, 9))], TODAY)
    assert REASON in late


def test_pip_audits_findings_are_read() -> None:
    """A vulnerability is known by its id and its aliases."""
    vulnerability = {
        "id": "PYSEC-1",
        "aliases": ["CVE-1", "GHSA-1"],
        "description": "A hole\nin it",
    }
    told = {"dependencies": [{"name": "jinja2", "version": "3.1.0", "vulns": [vulnerability]}]}
    assert read_pip_audit(json.dumps(told)) == [FOUND]


def test_what_was_skipped_was_not_audited() -> None:
    """pip-audit ends well when it could look nothing up; that is no clean bill."""
    skipped = {"name": "jinja2", "skip_reason": "Dependency not found"}
    for dependencies in ([skipped], []):
        with pytest.raises(NotAuditedError):
            read_pip_audit(json.dumps({"dependencies": dependencies}))


def test_npms_findings_are_read() -> None:
    """What is told of a package itself counts once, not again for all that depend on it."""
    via = {"name": "vite", "url": "https://advisories.test/GHSA-1", "title": "A hole"}
    told = {
        "vulnerabilities": {
            "vite": {"range": "<8", "via": [via]},
            "plugin": {"range": "*", "via": ["vite"]},
        }
    }
    assert read_npm_audit(json.dumps(told)) == [
        Vulnerability("vite", "<8", frozenset({"GHSA-1"}), "A hole")
    ]


def test_a_registry_without_advisories_was_not_asked() -> None:
    """A registry that has no answer leaves us not knowing."""
    with pytest.raises(NotAuditedError, match="405"):
        read_npm_audit(json.dumps({"message": "405 Method Not Allowed - POST …", "error": {}}))


@pytest.mark.process
@pytest.mark.parametrize(("told", "failed"), [(CLEAN, 0), (UNKNOWN, 0), (VULNERABLE, 2)])
def test_ci_fails_on_what_is_known(tmp_path: Path, told: int, failed: int) -> None:
    """`make test` fails on what is known, not on a database that is away, and CI runs it."""
    assert (ROOT / ".ci" / "run").read_text().endswith("exec make test\n")
    assert re.search(r"^test:.*##.*\n\t.* test-audit( .*)?$", (ROOT / "Makefile").read_text(), re.M)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "python $*"; exit {told}\n')
    python.chmod(0o755)
    done = subprocess.run(  # noqa: S603 - our own
        ("make", "--no-print-directory", "test-audit", f"BIN={tmp_path}"),  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "python -m scripts.audit"
    assert done.returncode == failed
