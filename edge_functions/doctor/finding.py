"""What was looked at, what was found, and how to mend it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

Status = Literal["ok", "fault", "skipped"]
_MARKS: Final[dict[Status, str]] = {"ok": "ok     ", "fault": "FAULT  ", "skipped": "skipped"}


class Fault(Exception):  # noqa: N818 - a finding, not an error of ours
    """Something is wrong with the deployment.

    Args:
        told: What was found.
        mend: What to do about it.
    """

    def __init__(self, told: str, mend: str) -> None:
        super().__init__(told)
        self.told = told
        self.mend = mend


class Skipped(Exception):  # noqa: N818 - a finding, not an error of ours
    """This cannot be looked at here, or need not be; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    status: Status
    told: str
    mend: str | None = None
    """Of a fault."""

    def line(self) -> str:
        """Return it as one line for a person."""
        mend = f" → {self.mend}" if self.mend else ""
        return f"{_MARKS[self.status]} {self.name}: {self.told}{mend}"


def is_well(findings: Sequence[Finding]) -> bool:
    """Return whether nothing is wrong."""
    return not any(one.status == "fault" for one in findings)


def to_json(findings: Sequence[Finding]) -> str:
    """Return all findings as one JSON object."""
    told = [
        {name: value for name, value in asdict(one).items() if value is not None}
        for one in findings
    ]
    return json.dumps({"well": is_well(findings), "checks": told}, indent=2, ensure_ascii=False)
