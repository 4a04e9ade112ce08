"""What operators are told is so: names exist, shell parses, SQL runs."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from edge_functions.__main__ import command_line
from tests.database import Database
from tests.deploy.files import DEPLOY, KUBERNETES, OBSERVABILITY, ROOT, document, manifests
from tests.deploy.promql import catalogue
from tests.deploy.rules import Recording, alerts, rules
from transcription.settings import Settings

OPERATIONS: Final = ROOT / "docs" / "operations.md"
RUNBOOK: Final = ROOT / "docs" / "runbook.md"
PAGES: Final = (OPERATIONS, RUNBOOK)
TEXT: Final = "\n".join(page.read_text() for page in PAGES)
SECTIONS: Final = dict(re.findall(r"^### (Utter\w+)\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S))
STATEMENTS: Final = re.findall(r'db query --remote(?: --read-only)? "([^"]+)"', TEXT)
USER: Final = "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"
_OTHERS: Final = frozenset(
    ("SITE", "TAG", "DATABASE_URL", "GRAFANA_PASSWORD", "SIGTERM", "ES256", "HS256", "PGRST202")
)
"""Words in capitals that are no settings: of compose files, shells, signals and standards."""


def test_every_alert_is_explained() -> None:
    """Each alert has a section, no section is without its alert, and runbooks lead to them."""
    assert set(SECTIONS) == {alert.alert for alert in alerts()}
    for alert in alerts():
        assert alert.annotations.runbook == f"docs/operations.md#{alert.alert.lower()}"


@pytest.mark.parametrize("alert", sorted(SECTIONS))
def test_an_explanation_is_whole(alert: str) -> None:
    """A section says what an alert means, where to look, and what to do."""
    parts = re.findall(r"^\*\*(\w+)\.\*\* \S", SECTIONS[alert], re.M)
    assert parts == ["Means", "Look", "Do"]


def test_settings_exist() -> None:
    """A setting that is named is one."""
    named = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", TEXT))
    known = {name.upper() for name in Settings.model_fields} | _OTHERS
    assert {name for name in named - known if not name.startswith("OTEL_")} == set()


def test_metrics_exist() -> None:
    """A metric that is named is told by a service or a rule."""
    recorded = {rule.record for rule in rules() if isinstance(rule, Recording)}
    assert set(re.findall(r"\butter_[a-z_]+\b", TEXT)) <= set(catalogue())
    assert set(re.findall(r"\butter:[a-z_:0-9]+\b", TEXT)) <= recorded


def test_panels_exist() -> None:
    """A panel of the dashboard that is named in quotes is there, under that name."""
    dashboard = (OBSERVABILITY / "grafana" / "dashboards" / "utter-transcribe.json").read_text()
    look = "\n".join(
        re.findall(r"^\*\*Look\.\*\*.*?(?=^\*\*Do)", OPERATIONS.read_text(), re.M | re.S)
    )
    named = set(re.findall(r'"([A-Z][a-z]+[a-z ]*)"', look.replace("\n", " ")))
    assert named >= {"Errors by code", "Processor", "Waiting to be let in"}
    for panel in named:
        assert f'"title": "{panel}' in dashboard, panel


def test_events_are_logged() -> None:
    """An event that a search of the log asks for is one that is written."""
    code = "".join(
        path.read_text()
        for package in ("transcription", "ws_bridge", "edge_functions")
        for path in (ROOT / package).rglob("*.py")
    )
    events = set(re.findall(r'\.event == "(\w+)"', TEXT))
    events |= set(
        re.findall(r"`((?:\w+_){1,4}(?:failed|given_up|start|written|understood))`", TEXT)
    )
    assert len(events) > 15
    for event in events:
        assert re.search(rf'_log\.\w+\(\s*"{event}"', code), event


def test_files_exist() -> None:
    """A file of the project that is named is there."""
    named = set(re.findall(r"\b((?:deploy|docs|tests)/[\w./-]*\w)", TEXT))
    named |= {f"docs/{name}" for name in re.findall(r"\]\((\w+\.md)", TEXT)}
    assert len(named) > 8
    for name in named:
        assert (ROOT / name).exists(), name


def test_links_lead_somewhere() -> None:
    """A section of the runbook that is named in words, or linked to, is there."""
    headings = set(re.findall(r"^##+ (.+)$", RUNBOOK.read_text(), re.M))
    named = set(re.findall(r'\(?runbook, "([^"]+)"', OPERATIONS.read_text()))
    assert len(named) > 5
    assert named <= headings
    anchors = {
        heading.lower().replace(" ", "-") for heading in re.findall(r"^##+ (.+)$", TEXT, re.M)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors


def test_what_is_in_the_cluster() -> None:
    """Commands name the namespace, deployments, pods and autoscalers of the manifests."""
    namespace = document(KUBERNETES / "kustomization.yaml")["namespace"]
    assert set(re.findall(r"--namespace (\S+)", TEXT)) == {namespace}
    there = {(one["kind"], one["metadata"]["name"]) for one in manifests()}
    for name in set(re.findall(r"deployment/(\w+)", TEXT)):
        assert ("Deployment", name) in there, name
    for name in set(re.findall(r"hpa (bridge|functions)\b", TEXT)):
        assert ("HorizontalPodAutoscaler", name) in there, name


def test_what_compose_runs() -> None:
    """Commands name files and services of compose."""
    for path in set(re.findall(r"-f (deploy/\S+\.yaml)", TEXT)):
        assert (ROOT / path).is_file(), path
    services = document(DEPLOY / "compose.yaml")["services"]
    named = set(re.findall(r"\b((?:bridge|functions)-\d)\b", TEXT))
    assert named == {name for name in services if name != "proxy"}
    assert re.findall(r"exec (proxy) caddy", TEXT)


def test_commands_of_the_functions_exist() -> None:
    """The commands that are run in a container are commands of the module."""
    lines = [line.split() for line in re.findall(r"-m edge_functions (.+?)(?:`|$)", TEXT, re.M)]
    assert {line[0] for line in lines} == {"sweep", "erase", "rotate-keys", "doctor"}
    for line in lines:
        command_line().parse_args([USER if word == "USER_ID" else word for word in line])


def _blocks(page: Path) -> Iterator[str]:
    yield from re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(), re.M | re.S)


@pytest.mark.process
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_shell_parses(page: Path) -> None:
    """Every block of commands is well-formed shell."""
    blocks = list(_blocks(page))
    assert blocks
    for block in blocks:
        process = await asyncio.create_subprocess_exec(
            "sh", "-n", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        _, told = await process.communicate(block.encode())
        assert (process.returncode, told) == (0, b""), block


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_sql_runs(statement: str, database: Database) -> None:
    """Every statement runs as the database's owner, for a user that there is."""
    user = await database.user()
    await database.query(statement.replace("USER_ID", str(user)).replace("%", "%%"))
