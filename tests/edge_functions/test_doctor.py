"""The parts of `python -m edge_functions doctor` that need no deployment."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from edge_functions.__main__ import main
from edge_functions.doctor import migrations

MIGRATIONS: Final = Path(__file__).parents[2] / "supabase" / "migrations"


def test_each_migration_is_known() -> None:
    """Each file of the folder has an entry, whose objects it makes."""
    files = {file.stem: file.read_text() for file in MIGRATIONS.glob("*.sql")}
    assert list(migrations.MAKES) == sorted(files)
    for name, makes in migrations.MAKES.items():
        for one in makes:
            made = rf'create (?:table|function) {re.escape(one)}\b|create policy "{re.escape(one)}"'
            assert re.search(made, files[name]), f"{name}: {one}"


def test_what_a_database_lacks() -> None:
    """What is there lacks nothing; one function less is its migration's."""
    every = {one for makes in migrations.MAKES.values() for one in makes}
    assert migrations.lacking(every) == {}
    assert migrations.lacking(every - {"public.own_key"}) == {
        "20260105093500_user_keys": ["public.own_key"]
    }


def test_settings_that_cannot_be_read_are_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deployment without settings gets JSON too, which names what is missing; the status is 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    monkeypatch.setattr("sys.argv", ["edge_functions", "doctor", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is False
    assert "SUPABASE_URL" in told["checks"][0]["told"]
