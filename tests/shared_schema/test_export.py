"""The contract as documents: valid, and as the code has it."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from shared_schema import export
from shared_schema.__main__ import documents
from shared_schema.base import REALTIME_PATH
from shared_schema.errors import ERRORS
from shared_schema.reference import NAMES
from shared_schema.server_messages import SERVER_MESSAGE_TYPES

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "frontend"
MODULES = PAGE / "node_modules"
"""Installed by `make setup`, which `make test` does first."""
DOCUMENTS = documents()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_has_drifted(path: Path) -> None:
    """A generated file is what the code says now; `make schema` writes it again."""
    assert path.read_text(encoding="utf-8") == DOCUMENTS[path]


def test_the_reference_is_whole() -> None:
    """The pages for readers have a table for every part of the contract, and each one once."""
    page = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8")
        for name in ("protocol.md", "files.md", "pairs.md")
    )
    assert sorted(re.findall(r"<!-- table: (\w+) -->", page)) == sorted(NAMES)
    for code in ERRORS:
        assert f"| `{code.value}` |" in page
    for model in (model for room in export.ROOMS for model in export.models_of(room)):
        kind = model.model_fields.get("type")
        titles = (model.__name__, *(get_args(kind.annotation) if kind is not None else ()))
        assert re.search(rf"^#### `({'|'.join(titles)})`$", page, re.M | re.I), model


@pytest.mark.process
def test_the_pages_types_have_not_drifted(tmp_path: Path) -> None:
    """The page's types are what its own script makes of the schema; `make schema` does it."""
    script = json.loads((PAGE / "package.json").read_text())["scripts"]["schema"]
    command = shlex.split(script)
    output = command.index("--output") + 1
    committed, fresh = PAGE / command[output], tmp_path / "protocol.ts"
    command[0], command[output] = str(MODULES / ".bin" / command[0]), str(fresh)
    subprocess.run(command, cwd=PAGE, check=True, timeout=60)  # noqa: S603 - the project's own
    assert committed.read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8")


def test_both_typescripts_have_the_same_types() -> None:
    """The Edge Functions' types are the page's; `make schema` copies them."""
    deno = ROOT / "supabase" / "functions" / "_shared" / "generated"
    for name in ("protocol.ts", "constants.ts", "files.ts"):
        assert (deno / name).read_text() == (PAGE / "src" / "generated" / name).read_text()


def test_the_schema_is_a_schema() -> None:
    """The document is JSON Schema 2020-12, and every reference in it leads somewhere."""
    schema = export.json_schema()
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)
    for reference in _references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_the_asyncapi_document_is_one() -> None:
    """The document is what AsyncAPI 3.0's own schema asks for."""
    official = json.loads((MODULES / "@asyncapi" / "specs" / "schemas" / "3.0.0.json").read_text())
    Draft7Validator(official).validate(export.asyncapi())
    assert not Draft7Validator(official).is_valid({**export.asyncapi(), "channels": 7})


def test_the_asyncapi_document_is_complete() -> None:
    """It has every message of the socket at its address, and every reference leads somewhere."""
    document = export.asyncapi()
    channel = document["channels"]["realtime"]
    assert channel["address"] == REALTIME_PATH
    names = {message["name"] for message in document["components"]["messages"].values()}
    assert names == {"start", "stop", "audio"} | SERVER_MESSAGE_TYPES
    heard = document["operations"]["hear"]["messages"]
    sent = document["operations"]["send"]["messages"]
    assert len(heard) == len(SERVER_MESSAGE_TYPES)
    assert len(sent) == 3
    for reference in _references(document):
        assert _at(document, reference) is not None


def test_every_code_is_exported() -> None:
    """Schema and constants know every code."""
    assert set(export.json_schema()["$defs"]["ErrorCode"]["enum"]) == set(ERRORS)
    constants = export.typescript_constants()
    for code, row in ERRORS.items():
        assert f'"{code}": {{\n    "title": "{row.title}"' in constants


def test_every_field_with_a_meaning_says_it() -> None:
    """What the code says of a field stands in the schema: units and meanings are for readers."""
    definitions = export.json_schema()["$defs"]
    assert "milliseconds" in definitions["Ready"]["properties"]["resume_rewind_ms"]["description"]
    assert "Seconds" in definitions["Error"]["properties"]["retry_after"]["description"]
    assert all(definition.get("description") for definition in definitions.values())


def _references(node: Any) -> list[str]:
    """Return every `$ref` in a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [one for child in node.values() for one in _references(child)]
    if isinstance(node, list):
        return [one for child in node for one in _references(child)]
    return []


def _at(document: Any, reference: str) -> Any:
    """Return what a reference points at (RFC 6901)."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document
