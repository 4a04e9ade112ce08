"""Fixtures of the tests of attacks."""

import pytest

from tests.database import postgres, postgres_binaries
from tests.edge_functions.world import wav

__all__ = ["postgres", "postgres_binaries"]


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds of sound, as WAV."""
    return wav(tmp_path_factory.mktemp("speech")).read_bytes()
