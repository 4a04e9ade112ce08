"""What the services' code must not do, wherever in it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
SERVICES: Final = ("shared_schema", "transcription", "ws_bridge", "edge_functions")
SECRETS: Final = ("secret", "api_key", "token", "password")


def _nodes(*packages: str) -> Iterator[tuple[str, ast.AST]]:
    for package in packages:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                where = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                yield where, node


def compares_a_secret(node: ast.AST) -> bool:
    """Whether secrets are compared by their bytes, which takes longer the more of them agree."""
    if not isinstance(node, ast.Compare):
        return False
    if not any(isinstance(one, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for one in node.ops):
        return False
    sides = [node.left, *node.comparators]
    sides += [one for side in sides if isinstance(side, ast.Tuple) for one in side.elts]
    names = [ast.unparse(side).lower().rpartition(".")[2] for side in sides]
    return any(name.endswith((*SECRETS, "get_secret_value()")) for name in names)


def follows_redirects(node: ast.AST) -> bool:
    """Whether a client goes wherever a neighbour sends it, keys and all."""
    return (
        isinstance(node, ast.keyword)
        and node.arg == "follow_redirects"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    )


def sets_a_cookie(node: ast.AST) -> bool:
    """Whether something is made that browsers send by themselves."""
    return isinstance(node, ast.Attribute) and node.attr in {"set_cookie", "cookies"}


def swallows_cancellation(node: ast.AST) -> bool:
    """Whether a task that is cancelled may go on as if it were not."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "suppress":
        return any(_catches_cancellation(one) for one in node.args)
    return (
        isinstance(node, ast.ExceptHandler)
        and (node.type is None or _catches_cancellation(node.type))
        and not isinstance(node.body[-1], ast.Raise)
    )


def _catches_cancellation(kind: ast.expr) -> bool:
    """Whether an `except` of this catches it."""
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    names = {ast.unparse(one).rpartition(".")[2] for one in kinds}
    return bool(names & {"BaseException", "CancelledError", "BaseExceptionGroup"})


RULES: Final = (compares_a_secret, follows_redirects, sets_a_cookie, swallows_cancellation)


@pytest.mark.parametrize("rule", RULES)
def test_no_service_does_it(rule: object) -> None:
    """No line of the services, nor of the local stack where it compares keys, does what it says."""
    assert callable(rule)
    packages = (*SERVICES, "local_stack") if rule is compares_a_secret else SERVICES
    assert [where for where, node in _nodes(*packages) if rule(node)] == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (compares_a_secret, "self._secret.get_secret_value() == given"),
        (compares_a_secret, "apikey in (self.secret, other)"),
        (compares_a_secret, "given != settings.supabase_secret"),
        (follows_redirects, "AsyncClient(follow_redirects=True)"),
        (follows_redirects, "AsyncClient(follow_redirects=chosen)"),
        (sets_a_cookie, "response.set_cookie('session', token)"),
        (sets_a_cookie, "request.cookies['session']"),
        (swallows_cancellation, "try: f()\nexcept: pass"),
        (swallows_cancellation, "try: f()\nexcept (OSError, CancelledError): return"),
        (swallows_cancellation, "with suppress(asyncio.CancelledError): f()"),
    ],
)
def test_the_rules_find_what_they_are_for(rule: object, code: str) -> None:
    """Code that does it is found."""
    assert callable(rule)
    assert any(rule(node) for node in ast.walk(ast.parse(code)))
