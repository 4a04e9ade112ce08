"""Which tests start programs: `make check` leaves those out, and no others.

The marker `process` says that a test starts a program, or needs one that a fixture started:
Postgres, Deno, Node, nginx, a browser or a service of ours. Every run compares the markers with
what it sees, in both directions, so a marker cannot go stale.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any, Final

import pytest

MARKER: Final = "process"
FIXTURES: Final = frozenset({"postgres", "product"})
"""Fixtures that start programs. A test that uses one needs no marker of its own."""
_EVENTS: Final = frozenset({"subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn"})


class Processes:
    """The plugin: it marks tests by their fixtures, counts programs, and compares."""

    def __init__(self) -> None:
        self._started = 0
        self._started_here = 0
        """Of those, by the main thread: a thread may serve what an earlier test has left."""
        self._started_by: set[tuple[str, str]] = set()
        """Fixtures in whose set-up any thread started a program, as `_fixtures` names them."""
        self._started_by_here: set[tuple[str, str]] = set()
        """Fixtures whose set-up itself started a program."""
        sys.addaudithook(self._audit)
        # uvloop starts programs without the events that Python raises.
        for name in ("create_subprocess_exec", "create_subprocess_shell"):
            setattr(asyncio, name, self._counting(getattr(asyncio, name)))

    def _audit(self, event: str, _: tuple[object, ...]) -> None:
        if event in _EVENTS:
            self._count()

    def _counting(self, start: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(*arguments: Any, **options: Any) -> Any:
            self._count()
            return await start(*arguments, **options)

        return counted

    def _count(self) -> None:
        self._started += 1
        self._started_here += threading.current_thread() is threading.main_thread()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark the tests that use a fixture of `FIXTURES`."""
        for item in items:
            if FIXTURES.intersection(name for _, name in _fixtures(item)):
                item.add_marker(MARKER)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Note whether a fixture starts a program."""
        before, before_here = self._started, self._started_here
        value = yield
        if self._started > before:
            self._started_by.add((fixturedef.baseid, fixturedef.argname))
        if self._started_here > before_here:
            self._started_by_here.add((fixturedef.baseid, fixturedef.argname))
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail a test whose marker says something other than what it did."""
        before, before_here = self._started, self._started_here
        value = yield
        fixtures = _fixtures(item)
        starts = self._started > before or not self._started_by.isdisjoint(fixtures)
        starts_here = self._started_here > before_here or not self._started_by_here.isdisjoint(
            fixtures
        )
        marked = item.get_closest_marker(MARKER) is not None
        if starts_here and not marked:
            pytest.fail(f"It starts a program: mark it @pytest.mark.{MARKER}", pytrace=False)
        if marked and not starts:
            pytest.fail(f"It starts no program: @pytest.mark.{MARKER} is wrong", pytrace=False)
        return value


def _fixtures(item: pytest.Item) -> set[tuple[str, str]]:
    """Return the fixtures of a test: where each is defined, for many share a name, and its name."""
    if not isinstance(item, pytest.Function):
        return set()
    known = item._fixtureinfo.name2fixturedefs
    return {(one.baseid, name) for name in item.fixturenames for one in known.get(name, ())}
