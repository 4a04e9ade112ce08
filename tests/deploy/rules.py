"""Prometheus rule files, as Prometheus reads them."""

from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tests.deploy.files import OBSERVABILITY, document
from tests.deploy.promql import Checker, Labels, catalogue

Duration = Annotated[str, Field(pattern=r"^\d+[smhd]$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Recording(_Strict):
    """A series that is computed."""

    record: Annotated[str, Field(pattern=r"^utter(:[a-z_0-9]+){2}$")]
    expr: str


class AlertLabels(_Strict):
    """Decides who is told."""

    severity: Literal["page", "ticket"]


class Annotations(_Strict):
    """What they are told."""

    summary: str
    runbook: str


class Alert(_Strict):
    """A condition that someone is told of."""

    alert: Annotated[str, Field(pattern=r"^Utter[A-Za-z]+$")]
    expr: str
    for_: Annotated[Duration | None, Field(alias="for")] = None
    labels: AlertLabels
    annotations: Annotations


class Group(_Strict):
    """Rules that are evaluated together, in order."""

    name: str
    rules: list[Recording | Alert]


class File(_Strict):
    """A rule file."""

    groups: list[Group]


FILES: Final = tuple(sorted((OBSERVABILITY / "rules").glob("*.yaml")))


@cache
def rules() -> list[Recording | Alert]:
    """Return all rules of all files."""
    read: TypeAdapter[Any] = TypeAdapter(File)
    return [
        rule
        for path in FILES
        for group in read.validate_python(document(path)).groups
        for rule in group.rules
    ]


def alerts() -> list[Alert]:
    """Return those that someone is told of."""
    return [rule for rule in rules() if isinstance(rule, Alert)]


@cache
def checker() -> Checker:
    """Return a checker that knows the services' series and those of the recording rules."""
    series: dict[str, Labels] = catalogue()
    for rule in rules():
        if isinstance(rule, Recording):
            series[rule.record] = Checker(series).labels(rule.expr)
    return Checker(series)
