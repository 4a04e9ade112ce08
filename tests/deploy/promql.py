"""Which labels a PromQL expression has, as far as its metrics tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import promql_parser as ql

from transcription.process.metrics import Metrics

Labels = frozenset[str]

TARGET: Final = Labels(("job", "instance"))
"""Given to every sample by its scrape."""
_NUMBERS: Final = frozenset({"time", "scalar"})


def catalogue() -> dict[str, Labels]:
    """Return every series that the services tell, and its labels."""
    metrics = Metrics()
    declared = {
        metric._name: Labels(metric._labelnames)
        for metric in vars(metrics).values()
        if hasattr(metric, "_labelnames")
    }
    series = {"up": TARGET}
    for family in metrics.registry.collect():
        labels = declared.get(family.name, Labels()) | TARGET
        match family.type:
            case "counter":
                series[f"{family.name}_total"] = labels
            case "histogram":
                series[f"{family.name}_bucket"] = labels | {"le"}
                series |= {f"{family.name}_{one}": labels for one in ("sum", "count")}
            case _:
                series[family.name] = labels
    return series


@dataclass(frozen=True)
class Checker:
    """Infers labels; of an expression that can never have a result it says why.

    Attributes:
        series: What there is, and its labels.
    """

    series: Mapping[str, Labels]

    def labels(self, text: str) -> Labels:
        """Return the labels of an expression's result.

        Raises:
            LookupError: it names a series or a label that there is not, or joins what never
                matches.
            ValueError: it is no PromQL.
        """
        return self._of(ql.parse(text)) or Labels()

    def _of(self, expr: ql.Expr) -> Labels | None:  # noqa: PLR0911 - one for each kind of node
        """Return the labels of a vector; None for a number."""
        match expr:
            case ql.ParenExpr() | ql.UnaryExpr() | ql.SubqueryExpr():
                return self._of(expr.expr)
            case ql.NumberLiteral() | ql.StringLiteral():
                return None
            case ql.MatrixSelector():
                return self._of(expr.vector_selector)
            case ql.VectorSelector():
                return self._selected(expr)
            case ql.AggregateExpr():
                return self._aggregated(expr)
            case ql.BinaryExpr():
                return self._joined(expr)
            case ql.Call():
                return self._called(expr)
            case _:
                raise LookupError(expr.prettify())

    def _selected(self, expr: ql.VectorSelector) -> Labels:
        labels = self.series.get(expr.name or "")
        if labels is None:
            raise LookupError(f"There is no {expr.name}.")
        _within(Labels(one.name for one in expr.matchers.matchers), labels, expr)
        return labels

    def _aggregated(self, expr: ql.AggregateExpr) -> Labels:
        inner = self._of(expr.expr) or Labels()
        if expr.modifier is None:
            return Labels()
        if expr.modifier.type != ql.AggModifierType.By:
            raise LookupError(f"{expr.prettify()}: say by what")
        _within(Labels(expr.modifier.labels), inner, expr)
        return Labels(expr.modifier.labels)

    def _joined(self, expr: ql.BinaryExpr) -> Labels | None:
        left, right = self._of(expr.lhs), self._of(expr.rhs)
        if left is None or right is None:
            return right if left is None else left
        if expr.modifier is not None and expr.modifier.matching is not None:
            on = Labels(expr.modifier.matching.labels)
            _within(on, left, expr)
            _within(on, right, expr)
        elif left != right:
            raise LookupError(f"{expr.prettify()}: {set(left)} never matches {set(right)}")
        return left

    def _called(self, expr: ql.Call) -> Labels | None:
        if expr.func.name in _NUMBERS:
            return None
        inner = Labels().union(*(self._of(one) or Labels() for one in expr.args))
        if expr.func.name == "absent":
            return inner & {one.name for one in matchers(expr)}
        if expr.func.name == "histogram_quantile":
            _within(Labels(("le",)), inner, expr)
            return inner - {"le"}
        return inner


def _within(named: Labels, there: Labels, expr: ql.Expr) -> None:
    if not named <= there:
        raise LookupError(f"{expr.prettify()}: there is no label {set(named - there)}")


def matchers(expr: ql.Expr) -> Iterator[ql.Matcher]:
    """Iterate over the matchers of all selectors in an expression."""
    found: list[ql.Matcher] = []

    def visit(one: ql.Expr) -> None:
        if isinstance(one, ql.VectorSelector):
            found.extend(one.matchers.matchers)

    ql.walk(expr, visit)
    yield from found
