"""Laws of finding a Postgres."""

import os
from pathlib import Path

import pytest

from local_stack import binaries
from local_stack.errors import PostgresError

pytestmark = pytest.mark.process


def test_what_is_found_runs_and_is_new_enough() -> None:
    """Each candidate has both programs and a known version, and stands there once."""
    found = list(binaries.candidates())
    assert found
    assert len(set(found)) == len(found)
    for candidate in found:
        assert candidate.major >= binaries.OLDEST_MAJOR
        assert os.access(candidate.initdb, os.X_OK)
        assert os.access(candidate.postgres, os.X_OK)
    assert binaries.find() == found[0]


def test_data_decides_the_version() -> None:
    """For data on disk only the version that made it will do."""
    for candidate in binaries.candidates():
        assert binaries.find(candidate.major).major == candidate.major
    with pytest.raises(PostgresError, match="Postgres 9, which is not installed"):
        binaries.find(9)


def test_without_any_the_message_says_what_to_install(tmp_path: Path) -> None:
    """A program that does not run is passed over; none at all is one clear line."""
    broken = tmp_path / "postgres"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    (tmp_path / "initdb").touch()
    with pytest.raises(PostgresError, match="no Postgres found: install"):
        binaries.find(folders=[tmp_path, tmp_path / "none"])
