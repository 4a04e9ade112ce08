"""Laws of the project's settings."""

from pathlib import Path

import pytest

from local_stack.project import Project


def test_the_projects_own_file_is_understood() -> None:
    """`supabase/config.toml` as it stands gives settings."""
    project = Project.read(Path(__file__).parents[2] / "supabase" / "config.toml")
    assert project.largest_file == 50 * 2**20
    assert project.shortest_password >= 6


def test_what_is_not_set_has_the_clis_default(tmp_path: Path) -> None:
    """No file, or one that says nothing, is the default."""
    empty = tmp_path / "config.toml"
    empty.touch()
    assert Project.read(empty) == Project.read(tmp_path / "none.toml") == Project()


@pytest.mark.parametrize(
    ("told", "size"), [('"1GiB"', 2**30), ('"5 MiB"', 5 * 2**20), ('"10kib"', 10240), ("7", 7)]
)
def test_sizes_come_in_units(tmp_path: Path, told: str, size: int) -> None:
    """A size is a number of bytes or has a binary unit."""
    file = tmp_path / "config.toml"
    file.write_text(f"[storage]\nfile_size_limit = {told}\n")
    assert Project.read(file).largest_file == size


def test_a_size_that_is_none_is_refused(tmp_path: Path) -> None:
    """A unit that is not known is a fault of the file."""
    file = tmp_path / "config.toml"
    file.write_text('[storage]\nfile_size_limit = "50 parsecs"\n')
    with pytest.raises(ValueError, match="parsecs"):
        Project.read(file)
