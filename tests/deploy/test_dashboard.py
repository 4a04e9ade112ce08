"""Grafana's dashboard and how it is found."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.deploy.files import OBSERVABILITY, document
from tests.deploy.promql import Labels
from tests.deploy.rules import checker

GRAFANA: Final = OBSERVABILITY / "grafana"
DASHBOARD: Final[dict[str, Any]] = json.loads(
    (GRAFANA / "dashboards" / "utter-transcribe.json").read_text()
)
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS: Final = [(panel["title"], one) for panel in PANELS for one in panel["targets"]]
WIDTH: Final = 24


def _labels(expression: str) -> Labels:
    return checker().labels(expression.replace("$__rate_interval", "1m"))


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_a_panel_asks_for_what_there_is(title: str, target: dict[str, Any]) -> None:
    """Every series exists with the labels that a panel and its legend name."""
    labels = _labels(target["expr"])
    assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels, title


def test_annotations_ask_for_what_there_is() -> None:
    """What marks the panels exists too."""
    [starts] = DASHBOARD["annotations"]["list"]
    assert _labels(starts["expr"])


def _lost(there: Any, kept: Any, path: str = "") -> Iterator[str]:
    if isinstance(there, dict):
        for name, value in there.items():
            if name in kept:
                yield from _lost(value, kept[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(there, list):
        for index, value in enumerate(there):
            yield from _lost(value, kept[index], f"{path}[{index}]")
    elif there != kept:
        yield path


def test_grafana_knows_every_field() -> None:
    """Read and written by Grafana's own library, the dashboard loses and changes nothing."""
    register_default_plugins()
    written = JSONEncoder(sort_keys=True).encode(Dashboard.from_json(DASHBOARD))
    assert list(_lost(DASHBOARD, json.loads(written))) == []
    mistaken = {**DASHBOARD, "refrsh": "30s"}
    written = JSONEncoder(sort_keys=True).encode(Dashboard.from_json(mistaken))
    assert list(_lost(mistaken, json.loads(written))) == [".refrsh"]


def test_panels_have_their_own_places() -> None:
    """No two panels share an id or a place, and none hangs over the edge."""
    every = DASHBOARD["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    for panel in every:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
    for one, other in combinations(every, 2):
        a, b = one["gridPos"], other["gridPos"]
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one['title']} and {other['title']}"


def test_panels_explain_themselves() -> None:
    """Each panel has a title of its own, a word on what it shows, and a unit."""
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_any_prometheus_will_do() -> None:
    """Every panel asks the data source that is chosen at the top."""
    [chosen] = DASHBOARD["templating"]["list"]
    assert (chosen["type"], chosen["query"]) == ("datasource", "prometheus")
    sources = [panel["datasource"] for panel in PANELS]
    sources += [target["datasource"] for _, target in TARGETS]
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in sources)


def test_what_operators_ask_is_shown() -> None:
    """Sessions, waiting times, errors, failures, refusals, cost, HTTP, draining: all are there."""
    shown = " ".join(target["expr"] for _, target in TARGETS)
    for asked in (
        *("utter_sessions_open", "utter_sockets_pending", "utter_ready_seconds"),
        *("utter_first_delta_seconds", "utter_finish_seconds", "utter_errors_total"),
        *("utter_provider_failures_total", "quota_exceeded", "utter_cost_microdollars_total"),
        *("utter_provider_served_total", "utter:http_seconds:p95_5m"),
        *("utter_draining", "utter_settlements_pending"),
    ):
        assert asked in shown, asked


def test_the_dashboard_is_found() -> None:
    """Grafana beside the compose file is given the folder and the sources by name."""
    compose = document(OBSERVABILITY / "compose.yaml")
    mounted = dict(
        volume.split(":")[:2]
        for volume in compose["services"]["grafana"]["volumes"]
        if volume.startswith("./")
    )
    for place in mounted:
        assert (OBSERVABILITY.parent / place).is_dir(), place
    [provider] = document(GRAFANA / "provisioning" / "dashboards" / "utter.yaml")["providers"]
    assert provider["options"]["path"] == mounted["./observability/grafana/dashboards"]
    sources = document(GRAFANA / "provisioning" / "datasources" / "prometheus.yaml")["datasources"]
    for source in sources:
        host = source["url"].split("//")[1].split(":")[0]
        assert host in compose["services"], host
