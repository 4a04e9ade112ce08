"""A bridge can be profiled, or it is said why not."""

from pathlib import Path

import pytest

from bench import profile
from bench.children import ChildError
from bench.plan import Plan

pytestmark = pytest.mark.process

SHORT = Plan((2,), rounds=1, seconds=1.0)
ENOUGH = Plan((50,), rounds=1, seconds=3.0)
"""A frame takes about 0.1 ms: in fewer of them a sampler may see none."""


async def test_a_profile_names_the_bridges_functions(tmp_path: Path) -> None:
    """The flame graph shows the frames' way; a kernel that lets nobody look is told as such."""
    output = tmp_path / "profile.svg"
    try:
        run = await profile.measure(ENOUGH, output)
    except ChildError as error:
        assert "permission" in str(error).lower(), error  # noqa: PT017 - not everyone may trace
    else:
        assert run.faults == {}
        assert "data_received (transcription/direct_socket.py" in output.read_text()


async def test_without_py_spy_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not installed is named."""
    monkeypatch.setattr(profile, "PY_SPY", tmp_path / "none")
    with pytest.raises(ChildError, match="py-spy cannot be started"):
        await profile.measure(SHORT, tmp_path / "profile.svg")
