"""The OpenAPI document is the truth: schemathesis asks for all that it allows, and for more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from local_stack.postgres import Postgres
from tests.edge_functions.world import World, running
from tests.local_stack.world import Person
from tests.own_keys import RING

pytestmark = pytest.mark.asyncio(loop_scope="session")

# That all is taken which the schema allows is no law here: a schema cannot say what is audio,
# which languages there are, or whose recordings a path may name.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]

OPERATIONS = [
    "transcribe",
    "realtimeToken",
    "settleRealtimeToken",
    "clone",
    "listVoices",
    "getVoice",
    "deleteVoice",
    "downloadBundle",
    "usage",
    "getOwnKey",
    "storeOwnKey",
    "testOwnKey",
    "deleteOwnKey",
    "eraseAccount",
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A world in which every function is on."""
    on: dict[str, Any] = {
        "realtime_mode": "direct",
        "direct_mode_trusts": "everyone",
        "byok_enabled": True,
        "byok_keys": RING,
    }
    async with running(postgres, tmp_path_factory.mktemp("all"), **on) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def document(world: World) -> dict[str, Any]:
    """The document as it is served, with nothing but JSON in it."""
    told: dict[str, Any] = (await world.http.get("/api/openapi.json")).json()
    return told


def ask_all(world: World, token: str, cases: SearchStrategy[Any]) -> set[int]:
    """Ask what a strategy makes, as a signed-in user, and return the statuses that came."""
    seen: set[int] = set()

    @given(case=cases)
    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        response = case.call(base_url=str(world.http.base_url))
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    return seen


@pytest.mark.parametrize(
    ("operation_id", "mode"),
    [
        ("config", GenerationMode.POSITIVE),
        *((one, mode) for one in OPERATIONS for mode in GenerationMode),
    ],
)
async def test_nothing_happens_that_the_document_does_not_say(
    world: World,
    ada: Person,
    document: dict[str, Any],
    operation_id: str,
    mode: GenerationMode,
) -> None:
    """Whatever a signed-in user sends, the answer is one of those that are told."""
    operation = schemathesis.openapi.from_dict(document).find_operation_by_id(operation_id)
    cases = operation.as_strategy(generation_mode=mode)
    seen = await asyncio.to_thread(ask_all, world, await ada.token(), cases)
    assert seen
    assert 401 not in seen


@pytest.mark.parametrize(("operation_id", "success"), [("transcribe", 200), ("clone", 201)])
async def test_answers_are_as_the_document_says(
    *,
    world: World,
    ada: Person,
    document: dict[str, Any],
    operation_id: str,
    success: int,
    speech: bytes,
) -> None:
    """With a real recording among the fields, answers have the shapes that are told."""
    await world.stack.execute(
        "insert into ledger.user_limits (user_id, kind, seconds) values (%s, 'batch', 86400)",
        ada.id,
    )
    operation = schemathesis.openapi.from_dict(document).find_operation_by_id(operation_id)

    def with_recording(case: Any) -> Any:
        if case.media_type == "multipart/form-data" and isinstance(case.body, dict):
            case.body["audio"] = speech
            case.body.pop("storage_path", None)
            case.body.pop("model", None)
            case.body.pop("speaker_references", None)
            case.body["language"] = "Auto"
            if "check_text" in case.body:  # most characters are no text that people write
                case.body["check_text"] = "One, two, three."
        return case

    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE).map(with_recording)
    assert success in await asyncio.to_thread(ask_all, world, await ada.token(), cases)
