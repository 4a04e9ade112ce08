"""Laws of the folder that keeps everything."""

import stat
from pathlib import Path

import pytest

from local_stack.data_dir import DataDir, write_private
from local_stack.errors import DataDirBusyError


def test_a_folder_serves_one_stack_at_a_time(tmp_path: Path) -> None:
    """While one holds the folder no other gets it; the message names the folder."""
    data = DataDir(tmp_path / "local")
    with (
        data.locked(),
        pytest.raises(DataDirBusyError, match="in use"),
        DataDir(data.root).locked(),
    ):
        pass
    with data.locked():
        pass


def test_nobody_else_may_look_inside(tmp_path: Path) -> None:
    """The folder and what is private in it are their owner's alone."""
    data = DataDir(tmp_path / "local")
    data.create()
    write_private(data.env, "SECRET=1\n")
    assert stat.S_IMODE(data.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.env.stat().st_mode) == 0o600
    assert [path.name for path in data.root.iterdir()] == ["env"]


def test_reset_deletes_what_the_stack_wrote_and_nothing_else(tmp_path: Path) -> None:
    """Data, keys and files go; what others keep in the folder stays."""
    data = DataDir(tmp_path / "local")
    data.create()
    for folder in (data.postgres, data.storage):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").touch()
    for file in (data.env, data.api_keys, data.signing_keys):
        file.touch()
    (data.root / "speech.wav").touch()
    data.reset()
    assert {path.name for path in data.root.iterdir()} == {"lock", "speech.wav"}
    DataDir(tmp_path / "never").reset()
    assert not (tmp_path / "never").exists()


def test_reset_refuses_while_a_stack_runs(tmp_path: Path) -> None:
    """A running stack keeps its data."""
    data = DataDir(tmp_path / "local")
    with data.locked():
        data.env.touch()
        with pytest.raises(DataDirBusyError):
            DataDir(data.root).reset()
        assert data.env.exists()
