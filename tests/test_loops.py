"""`make check` leaves out what starts programs and browsers, and nothing else."""

import re
from pathlib import Path

import pytest

from tests.processes import FIXTURES, MARKER

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
STARTS = {
    "by itself": "def test_it():\n    subprocess.run(['true'], check=True)",
    "in asyncio": "def test_it():\n    asyncio.run(started())",
    "in uvloop": "def test_it():\n    uvloop.run(started())",
    "by a fixture": "def test_it(server):\n    pass",
}
HEAD = """
import asyncio, subprocess
import pytest, uvloop

async def started():
    await (await asyncio.create_subprocess_exec("true")).wait()

@pytest.fixture(scope="session")
def server():
    subprocess.run(["true"], check=True)

"""


def _run(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    """Run a test with the plugin, in this process."""
    pytester.makeconftest(
        "from tests.processes import Processes\n"
        "def pytest_configure(config):\n"
        f"    config.addinivalue_line('markers', '{MARKER}: starts a program')\n"
        "    config.pluginmanager.register(Processes())\n"
    )
    pytester.makepyfile(HEAD + test)
    plugins = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:asyncio")
    return pytester.runpytest_inprocess(*plugins, *arguments)


@pytest.mark.process
@pytest.mark.parametrize("how", STARTS)
def test_a_program_without_the_marker_fails(pytester: pytest.Pytester, how: str) -> None:
    """A test that starts a program in any way must say so."""
    result = _run(pytester, STARTS[how])
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*It starts a program*"])


@pytest.mark.process
@pytest.mark.parametrize("how", STARTS)
def test_a_program_with_the_marker_is_left_out_of_check(
    pytester: pytest.Pytester, how: str
) -> None:
    """With its marker the same test passes, and `make check` passes it over."""
    marked = f"@pytest.mark.{MARKER}\n{STARTS[how]}"
    _run(pytester, marked).assert_outcomes(passed=1)
    _run(pytester, marked, "-m", f"not {MARKER}").assert_outcomes(deselected=1)


def test_the_marker_alone_fails(pytester: pytest.Pytester) -> None:
    """Nothing that starts no program is kept out of `make check`."""
    result = _run(pytester, f"@pytest.mark.{MARKER}\ndef test_it():\n    pass")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*It starts no program*"])


@pytest.mark.parametrize("fixture", sorted(FIXTURES))
def test_a_fixture_marks_its_tests(pytester: pytest.Pytester, fixture: str) -> None:
    """A test that uses a server is left out without a marker of its own."""
    test = f"@pytest.fixture\ndef {fixture}():\n    pass\n\ndef test_it({fixture}):\n    pass"
    _run(pytester, test, "-m", f"not {MARKER}").assert_outcomes(deselected=1)


def test_check_is_computed() -> None:
    """`make check` picks by the marker alone, and has every test of the page without a browser."""
    makefile = (ROOT / "Makefile").read_text()
    recipes = dict(re.findall(r"^([a-z-]+):[^\n]*\n((?:\t.*\n)+)", makefile, re.MULTILINE))
    assert recipes["check-python"] == f'\t@$(PYTEST) -n $(WORKERS) -q -m "not {MARKER}"\n'
    assert recipes["test-python"].splitlines()[-1] == "\t@$(PYTEST) -n $(WORKERS)"
    assert recipes["check"] == "\t@$(TWO) check-python types lint test-page\n"
    checked = set(recipes["test"].split()) - {"@$(TWO)", "test-python"}
    assert set(recipes["check"].split()) - {"@$(TWO)", "check-python"} < checked
