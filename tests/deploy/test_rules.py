"""Alerts and recording rules."""

import asyncio
import re
from typing import Final, get_args

import promql_parser as ql
import pytest

from shared_schema.errors import ErrorCode
from tests.deploy.files import OBSERVABILITY, binary, document
from tests.deploy.promql import TARGET, Checker, catalogue, matchers
from tests.deploy.rules import FILES, Alert, Recording, alerts, checker, rules
from transcription.errors import KEY_REFUSED
from transcription.ledger.base import Kind
from transcription.process.metrics import ORIGIN_REFUSED, AudioFailure, Place, Status

_CODES: Final = frozenset(code.value for code in ErrorCode)
VALUES: Final = {
    "code": _CODES,
    "kind": frozenset(get_args(Kind)),
    "place": frozenset(get_args(Place)),
    "status": frozenset(get_args(Status)) | {"5.."},
    "reason": _CODES | {KEY_REFUSED, ORIGIN_REFUSED} | frozenset(get_args(AudioFailure)),
}
"""What labels can be."""
UNIT_TESTS: Final = OBSERVABILITY / "rules.test.yaml"


@pytest.mark.parametrize(
    "rule", rules(), ids=lambda rule: getattr(rule, "alert", None) or rule.record
)
def test_a_rule_asks_for_what_there_is(rule: Recording | Alert) -> None:
    """Every series exists with the labels that a rule names, and both sides of a join match."""
    checker().labels(rule.expr)


@pytest.mark.parametrize(
    "rule", rules(), ids=lambda rule: getattr(rule, "alert", None) or rule.record
)
def test_a_rule_asks_for_values_that_there_are(rule: Recording | Alert) -> None:
    """A code or a reason that a rule looks for is one that the services tell."""
    for one in matchers(ql.parse(rule.expr)):
        if one.name in VALUES:
            assert set(one.value.split("|")) <= VALUES[one.name], str(one)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.alert)
def test_an_alert_can_say_what_it_says(alert: Alert) -> None:
    """The labels in an alert's words are labels of its expression."""
    told = set(re.findall(r"\$labels\.(\w+)", alert.annotations.summary))
    assert told <= checker().labels(alert.expr)


def test_names_are_given_once() -> None:
    """No two rules have one name."""
    names = [rule.alert if isinstance(rule, Alert) else rule.record for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("utter_sesions_open", "no utter_sesions_open"),
        ('rate(utter_errors_total{kode="internal"}[5m])', "kode"),
        ("sum by (code) (utter_sessions_open)", "code"),
        ("sum without (kind) (utter_errors_total)", "by what"),
        ("utter_draining / sum(utter_sessions_limit)", "never matches"),
        ("utter_draining and on (kind) utter_errors_total", "kind"),
        ("histogram_quantile(0.9, rate(utter_ready_seconds_count[5m]))", "le"),
    ],
)
def test_the_checker_finds_faults(expression: str, fault: str) -> None:
    """What can never have a result is told, with its reason."""
    with pytest.raises(LookupError, match=fault):
        Checker(catalogue()).labels(expression)


def test_the_checker_knows_labels() -> None:
    """Labels are followed through functions, quantiles, sums and joins."""
    known = Checker(catalogue())
    assert known.labels("utter_draining == 1") == TARGET
    assert known.labels("sum by (kind) (rate(utter_errors_total[5m])) / 2") == {"kind"}
    buckets = "sum by (le) (rate(utter_ready_seconds_bucket[5m]))"
    assert known.labels(f"histogram_quantile(0.9, {buckets})") == frozenset()
    assert known.labels('absent(up{job="x"})') == {"job"}


async def _promtool(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        binary("promtool"),
        *arguments,
        cwd=OBSERVABILITY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


@pytest.mark.process
async def test_prometheus_takes_its_files() -> None:
    """Prometheus' own tool takes the configuration, and the rules that it names."""
    told = await _promtool("check", "config", "prometheus.yaml")
    assert f"{len(FILES)} rule files found" in told


@pytest.mark.process
async def test_alerts_fire_and_are_silent() -> None:
    """Evaluated over made-up series, each alert fires when it should and not before."""
    await _promtool("test", "rules", UNIT_TESTS.name)


def test_every_alert_is_evaluated() -> None:
    """There is a case in which each alert fires."""
    tested = document(UNIT_TESTS)["tests"]
    fired = {
        case["alertname"]
        for test in tested
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert fired == {alert.alert for alert in alerts()}
