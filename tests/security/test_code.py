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


@pytest.mark.parametrize("rule", [compares_a_secret, follows_redirects, sets_a_cookie])
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
    ],
)
def test_the_rules_find_what_they_are_for(rule: object, code: str) -> None:
    """Code that does it is found."""
    assert callable(rule)
    assert any(rule(node) for node in ast.walk(ast.parse(code)))
