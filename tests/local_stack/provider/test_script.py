"""Scripts as files."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from local_stack.provider import BatchScript, Script, load_scripts
from local_stack.provider.script import SCRIPTS

README = SCRIPTS.parent / "README.md"
EXAMPLES = sorted(path.stem for path in SCRIPTS.glob("*.toml"))


def test_toml(tmp_path: Path) -> None:
    """A TOML file is one script, or several in `[[scripts]]`."""
    one = tmp_path / "one.toml"
    one.write_text('text = "hi"\n[batch]\nstatus = 429\nretry_after = 3\n')
    assert load_scripts(one) == (Script(text="hi", batch=BatchScript(status=429, retry_after=3)),)
    several = tmp_path / "several.toml"
    several.write_text("[[scripts]]\ndrop_at_frame = 3\n[[scripts]]\n")
    assert load_scripts(several) == (Script(drop_at_frame=3), Script())


@pytest.mark.parametrize("text", ['[{"text": "a"}, {}]', '{"scripts": [{"text": "a"}, {}]}'])
def test_json(tmp_path: Path, text: str) -> None:
    """A JSON file is one script, an array of them, or an object with `scripts`."""
    path = tmp_path / "scripts.json"
    path.write_text(text)
    assert load_scripts(path) == (Script(text="a"), Script())
    path.write_text('{"text": "a"}')
    assert load_scripts(path) == (Script(text="a"),)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    """Every example script is valid, can be named, and is described in the README."""
    assert load_scripts(name)
    assert f"`{name}`" in README.read_text()


@pytest.mark.parametrize("field", [*Script.model_fields, *BatchScript.model_fields])
def test_documented(field: str) -> None:
    """The README's tables name every field."""
    assert f"`{field}`" in README.read_text()


@pytest.mark.parametrize(
    "text",
    ["txet = 'hi'", "drop_at_frame = -1", "at_end = 'maybe'", "text = ", "scripts = []"],
)
def test_mistake(tmp_path: Path, text: str) -> None:
    """A mistake in a file is an error, never a script that does something else."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        load_scripts(path)


def test_unknown_name() -> None:
    """A name that is no example is answered with those that are."""
    with pytest.raises(FileNotFoundError, match="flaky"):
        load_scripts("no-such-example")


def test_nothing_to_repeat() -> None:
    """A script cannot repeat a text that is empty."""
    with pytest.raises(ValidationError, match="no text to repeat"):
        Script(text="", repeat=True)
